package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/vxlite/vxlite/internal/testkit"
)

// TestDisplayInTerminal has the progress display in a real terminal, which is made
// narrower and wider again, and interrupts it: there is one line of it at any time,
// and neither a part of it nor the terminal's ^C at the end.
func TestDisplayInTerminal(t *testing.T) {
	if _, err := exec.LookPath("tmux"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("tmux is not installed")
	}
	w := newWorld(t)
	if w.http == nil {
		t.Skip("git is not installed")
	}
	asked := make(chan bool, 10)
	server := w.halfway(func() { asked <- true })
	t.Cleanup(server.Close)
	dir := t.TempDir()
	writeTestFile(t, filepath.Join(dir, "velox.toml"), "[roadrunner]\nref = \"v2025.1.15\"\n\n"+
		"[plugins.logger]\nmodule_name = \"github.com/roadrunner-server/logger/v5\"\ntag = \"v5.1.9\"\n")
	mirror := strings.Replace(server.URL, "://", "://"+httpUser+":"+httpPassword+"@", 1)
	term := &tmux{t: t, socket: filepath.Join(testkit.TempHome(t), "s"), dir: dir, env: append(w.goEnv(),
		"HOME="+testkit.TempHome(t), "PATH="+os.Getenv("PATH"), "VXLITE_CACHE="+filepath.Join(dir, "store"), "LC_ALL=C.UTF-8", "MIRROR=https://github.com/="+mirror+"/")}

	term.start(100, 30, `echo before; vxlite build --mirror $MIRROR -o out/; echo status $?; read x; clear; vxlite build -q --mirror $MIRROR -o out/; echo status $?; read x`)
	term.want(`^before
     \[[.<#>]{20}\] \[[1-9]s\] 0 fetched, 2 to go: (roadrunner, logger|logger, roadrunner)
$`)
	term.do("resize-window", "-x", "40")
	term.want(`^before
\[[1-9]s\] 0 fetched, 2 to go: [a-z, .]+
$`)
	term.do("resize-window", "-x", "100")
	term.want(`^before
     \[[.<#>]{20}\] \[[1-9]s\] 0 fetched, 2 to go: [a-z, ]+
$`)
	term.do("send-keys", "C-c")
	term.want(`^before
fetched 0 of 2 repositories, unfinished \[[0-9.]+m?s\]
vxlite: interrupted
status 130
$`)
	<-asked
	<-asked
	term.do("send-keys", "Enter")
	<-asked // with -q it is seen only by this that it is under way
	term.do("send-keys", "C-c")
	term.want(`^vxlite: interrupted
status 130
$`)
}

// tmux is a terminal without a screen, of a server of its own.
type tmux struct {
	t           *testing.T
	socket, dir string
	env         []string
}

func (m *tmux) do(args ...string) string {
	m.t.Helper()
	cmd := exec.Command("tmux", append([]string{"-S", m.socket, "-f", os.DevNull}, args...)...)
	cmd.Dir, cmd.Env = m.dir, m.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		m.t.Fatalf("tmux %q: %v: %s", args, err, out)
	}
	return string(out)
}

// start runs a shell's script in a terminal of that size.
func (m *tmux) start(columns, rows int, script string) {
	m.t.Helper()
	m.do("new-session", "-d", "-x", fmt.Sprint(columns), "-y", fmt.Sprint(rows), "sh", "-c", "trap : INT; "+script)
	m.t.Cleanup(func() { m.do("kill-server") })
}

// want waits until the terminal shows what matches.
func (m *tmux) want(expr string) {
	m.t.Helper()
	re := regexp.MustCompile(expr)
	var shown string
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		shown = strings.TrimRight(m.do("capture-pane", "-p", "-S", "-"), "\n")
		if shown != "" {
			shown += "\n"
		}
		if re.MatchString(shown) {
			return
		}
	}
	m.t.Fatalf("the terminal shows\n%s\nwant %s", shown, expr)
}
