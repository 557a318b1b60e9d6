package run

import (
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vxlite/vxlite/internal/testkit"
)

// TestExcerpt writes in pieces of many sizes, and keeps no more than it must.
func TestExcerpt(t *testing.T) {
	var all []byte
	for i := range 1 << 20 {
		all = append(all, byte('a'+i%23))
	}
	const long = "[917504 bytes omitted]"
	for _, piece := range []int{1, 1000, excerptPart, excerptPart + 1, 3*excerptPart - 1, len(all)} {
		var e Excerpt
		for rest := all; len(rest) > 0; {
			n := min(piece, len(rest))
			if got, err := e.Write(rest[:n]); got != n || err != nil {
				t.Fatalf("%d, %v", got, err)
			}
			rest = rest[n:]
			if len(e.tail) > 2*excerptPart || len(e.head) > excerptPart {
				t.Fatalf("pieces of %d: keeps %d and %d bytes", piece, len(e.head), len(e.tail))
			}
		}
		if want := string(all[:excerptPart]) + "\n" + long + "\n" + string(all[len(all)-excerptPart:]); e.String() != want {
			t.Errorf("pieces of %d: %d bytes, want %d", piece, len(e.String()), len(want))
		}
	}
	for _, n := range []int{0, 1, excerptPart, excerptPart + 1, 2 * excerptPart} {
		var e Excerpt
		_, _ = e.Write(all[:n])
		if e.String() != string(all[:n]) {
			t.Errorf("%d bytes become %d", n, len(e.String()))
		}
	}
}

// flood is a program that writes 150 MB, which is more than is ever kept.
const flood = "head -c 150000000 /dev/zero; echo the end"

// TestFlood hears out programs that say very much: what is kept of it is an
// excerpt, or it is an error, and in neither case is the memory the program's to use.
func TestFlood(t *testing.T) {
	testkit.NeedsUnix(t, "sh and head")
	const limit = 6*maxOutput + 8<<20 // what doubling a buffer up to there can take together, the last one twice with the race detector, and all else
	for _, tt := range []struct {
		name, script string
		excerpt      bool
		want         string // in the error
		limit        uint64
	}{
		{"standard output, excerpted", flood, true, "", 4 << 20},
		{"standard error", "(" + flood + ") >&2; exit 1", false, "sh: exit status 1\n", 4 << 20},
		{"standard output, as a whole", flood, false, "sh: more than 128 MB of output", limit},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := shell(t, tt.script)
			c.Env = []string{"PATH=" + os.Getenv("PATH")}
			var said Excerpt
			if tt.excerpt {
				c.Stdout = &said
			}
			before := allocated()
			out, err := Run(t.Context(), nil, c)
			if n := allocated() - before; n > tt.limit {
				t.Errorf("%d bytes were allocated, want at most %d", n, tt.limit)
			}
			if tt.want == "" && err != nil || err != nil && !strings.HasPrefix(err.Error(), tt.want) || tt.want != "" && err == nil {
				t.Errorf("error %.200v, want %q", err, tt.want)
			}
			if len(out) > maxOutput || err != nil && len(err.Error()) > 3*excerptPart {
				t.Errorf("%d bytes of output and %d of error", len(out), len(err.Error()))
			}
			if tt.excerpt && !strings.HasSuffix(said.String(), "the end\n") {
				t.Error("its last words are not kept")
			}
		})
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// TestTimeout ends programs that take too long, and what they have started,
// whether that listens or not.
func TestTimeout(t *testing.T) {
	testkit.NeedsUnix(t, "process groups")
	for name, script := range map[string]string{
		"it does not end":                   "sleep 600",
		"it does not listen":                `trap "" INT TERM HUP; sleep 600; sleep 600`,
		"it writes without an end":          "cat /dev/zero",
		"its child does not listen":         `sh -c 'trap "" INT TERM HUP; sleep 600; sleep 600'; true`,
		"it has one in the background, too": "sleep 600 & sleep 600",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, released := held(t, script)
			c.Timeout = 300 * time.Millisecond
			var said Excerpt
			c.Stdout = &said
			_, err := Run(t.Context(), nil, c)
			if err == nil || err.Error() != "sh: no answer within 300ms" {
				t.Errorf("error %v", err)
			}
			released()
		})
	}
}

// TestLeftBehind has programs that end well and leave others running, which
// hold the pipe of their output: they do not survive.
func TestLeftBehind(t *testing.T) {
	testkit.NeedsUnix(t, "process groups")
	for name, script := range map[string]string{
		"one":                   "sleep 600 & echo done",
		"one that won't listen": `sh -c 'trap "" INT TERM HUP; sleep 600; sleep 600' & echo done`,
		"many":                  "for i in 1 2 3 4 5 6 7 8; do (sleep 600; sleep 600) & done; echo done",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, released := held(t, script)
			c.Timeout = time.Minute // which is not what ends them
			out, err := Run(t.Context(), nil, c)
			if err != nil || string(out) != "done\n" {
				t.Errorf("%q, %v", out, err)
			}
			released()
		})
	}
}

// TestDaemon has a program that leaves one in a session of its own. That is out
// of reach, but nobody waits for it.
func TestDaemon(t *testing.T) {
	testkit.NeedsUnix(t, "process groups")
	t.Parallel()
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip(err)
	}
	c := shell(t, "setsid sleep 20 & echo done; sleep 0.5")
	c.Env = []string{"PATH=" + os.Getenv("PATH")}
	start := time.Now()
	out, err := Run(t.Context(), nil, c)
	if err != nil || string(out) != "done\n" {
		t.Errorf("%q, %v", out, err)
	}
	if d := time.Since(start); d > 15*time.Second {
		t.Errorf("it took %v", d)
	}
}

// held is a command for sh, whose standard error is a pipe, and a function that
// fails the test where somebody still holds that when the command has ended.
func held(t *testing.T, script string) (c Cmd, released func()) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c = shell(t, script)
	c.Env, c.Stderr = []string{"PATH=" + os.Getenv("PATH")}, w
	return c, func() {
		t.Helper()
		w.Close()
		defer r.Close()
		if err := r.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			t.Errorf("something that it started is there still: %v", err)
		}
	}
}
