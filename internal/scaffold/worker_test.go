package scaffold

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vxlite/vxlite/internal/testkit"
)

// Flags of goridge's frames, as in its pkg/frame.
const (
	control = 0x01
	raw     = 0x04
	inJSON  = 0x08
	failed  = 0x40
	proto   = 0x80
)

// worker is a worker.php that runs, as RoadRunner has it.
type worker struct {
	t      *testing.T
	in     io.WriteCloser
	out    io.Reader
	stderr bytes.Buffer
	cmd    *exec.Cmd
}

// startWorker starts the worker.php of a kind of plugin, after an edit.
func startWorker(t *testing.T, kind string, edit ...string) *worker {
	php, err := exec.LookPath("php")
	if err != nil {
		testkit.Check(t, &testkit.MissingError{Program: "php", Install: "php-cli", Err: err})
	}
	f, err := render("worker.php", data{PluginOptions: PluginOptions{Kind: kind}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "worker.php")
	if err := os.WriteFile(file, []byte(strings.NewReplacer(edit...).Replace(string(f.Data))), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	w := &worker{t: t, cmd: exec.CommandContext(ctx, php, file)}
	w.cmd.Stderr = &w.stderr
	if w.in, err = w.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if w.out, err = w.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return w
}

// send writes a frame.
func (w *worker) send(flags byte, payload string, options ...uint32) {
	w.t.Helper()
	head := binary.LittleEndian.AppendUint32([]byte{1<<4 | byte(3+len(options)), flags}, uint32(len(payload)))
	head = append(binary.LittleEndian.AppendUint32(head, crc32.ChecksumIEEE(head)), 0, 0)
	for _, o := range options {
		head = binary.LittleEndian.AppendUint32(head, o)
	}
	if _, err := w.in.Write(append(head, payload...)); err != nil {
		w.t.Fatal(err, w.stderr.String())
	}
}

// receive reads a frame, and refuses what RoadRunner would.
func (w *worker) receive() (flags byte, payload string, options []uint32) {
	w.t.Helper()
	head := make([]byte, 12)
	if _, err := io.ReadFull(w.out, head); err != nil {
		w.t.Fatal(err)
	}
	if sum := binary.LittleEndian.Uint32(head[6:]); sum != crc32.ChecksumIEEE(head[:6]) || head[0]>>4 != 1 {
		w.t.Fatalf("no header of a frame: %q", head)
	}
	options = make([]uint32, int(head[0]&15)-3)
	body := make([]byte, binary.LittleEndian.Uint32(head[2:]))
	if err := binary.Read(w.out, binary.LittleEndian, options); err != nil {
		w.t.Fatal(err)
	}
	if _, err := io.ReadFull(w.out, body); err != nil {
		w.t.Fatal(err)
	}
	return head[1], string(body), options
}

// hello is how RoadRunner begins, and bye how it ends.
func (w *worker) hello() {
	w.t.Helper()
	w.send(control, `{"pid":1}`)
	if flags, got, _ := w.receive(); flags != control || got != fmt.Sprintf(`{"pid":%d}`, w.cmd.Process.Pid) {
		w.t.Fatalf("flags %#x, %s", flags, got)
	}
}

func (w *worker) bye() {
	w.t.Helper()
	w.send(control, `{"stop":true}`)
	if rest, err := io.ReadAll(w.out); err != nil || len(rest) > 0 {
		w.t.Errorf("%v, %q after the end", err, rest)
	}
	if err := w.cmd.Wait(); err != nil {
		w.t.Error(err)
	}
}

// TestMiddlewareWorker answers requests, among them one with a large body and a
// header that comes twice, and one that fails.
func TestMiddlewareWorker(t *testing.T) {
	const handler = `return ['status' => 200, `
	w := startWorker(t, "middleware", handler, `echo 'seen';
    if ($request['body'] === 'fail') {
        throw new Exception('no such thing');
    }
    if ($request['body'] !== '') {
        return ['status' => 404, 'headers' => ['X-Many' => $request['headers']['X-Many']], 'body' => $request['body']];
    }
    `+handler)
	w.hello()
	message := func(uri string) string {
		return "\x0a\x09127.0.0.1\x1a\x03GET\x22" + string(rune(len(uri))) + uri + "\x2a\x12\x0a\x06X-Many\x12\x08\x0a\x01a\x0a\x03b c" + "\x40\x01"
	}
	for _, tt := range []struct{ uri, body, head, answer string }{
		{"http://h/x", "", "\x08\xc8\x01\x12\x1c\x0a\x0cContent-Type\x12\x0c\x0a\x0atext/plain", "PHP got GET http://h/x\n"},
		{"/y", strings.Repeat("0123", 1<<16), "\x08\x94\x03\x12\x12\x0a\x06X-Many\x12\x08\x0a\x01a\x0a\x03b c", strings.Repeat("0123", 1<<16)},
	} {
		m := message(tt.uri)
		w.send(proto, m+tt.body, uint32(len(m)))
		flags, got, options := w.receive()
		if flags != proto || len(options) != 1 || got != tt.head+tt.answer || int(options[0]) != len(tt.head) {
			t.Errorf("%s: flags %#x, options %v, %.100q; want %.100q", tt.uri, flags, options, got, tt.head+tt.answer)
		}
	}
	const older = `{"remoteAddr":"127.0.0.1","protocol":"HTTP/1.1","method":"GET","uri":"/z","headers":{"Host":["h"]},"cookies":{},"rawQuery":"","parsed":false,"uploads":null,"attributes":{}}`
	w.send(inJSON, older, uint32(len(older)))
	const head = `{"status":200,"headers":{"Content-Type":["text\/plain"]}}`
	if flags, got, options := w.receive(); flags != inJSON || len(options) != 1 || int(options[0]) != len(head) || got != head+"PHP got GET /z\n" {
		t.Errorf("flags %#x, options %v, %s", flags, options, got)
	}
	w.send(proto, message("/")+"fail", uint32(len(message("/"))))
	if flags, got, _ := w.receive(); flags != failed || !strings.HasPrefix(got, "Exception: no such thing in ") {
		t.Errorf("flags %#x, %s", flags, got)
	}
	w.bye()
	if got := w.stderr.String(); got != "seenseenseenseen" {
		t.Errorf("standard error has %q", got)
	}
}

// TestJobsWorker does a job.
func TestJobsWorker(t *testing.T) {
	w := startWorker(t, "jobs")
	w.hello()
	const job = `{"id":"7","job":"greet","driver":"courier","headers":null,"pipeline":"test"}`
	w.send(raw, job+"hello", uint32(len(job)))
	flags, got, options := w.receive()
	if want := `{"type":0,"data":{}}`; flags != raw || got != want || len(options) != 1 || options[0] != 0 {
		t.Errorf("flags %#x, options %v, %s; want %s", flags, options, got, want)
	}
	w.bye()
	if got, want := w.stderr.String(), "job 7 (greet): hello\n"; got != want {
		t.Errorf("standard error has %q, want %q", got, want)
	}
}
