package brief

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
)

// Writer keeps the beginning of what a server, or a program, writes, and refuses
// to read it without end.
type Writer struct {
	Most int          // bytes that are kept
	read atomic.Int64 // bytes so far
	mu   sync.Mutex
	buf  []byte
	Full chan struct{} // closed when no more is kept, unless it is nil
}

// Write implements io.Writer.
func (l *Writer) Write(p []byte) (int, error) {
	const read = 1 << 20 // bytes; then the writer is left to wait
	if l.read.Add(int64(len(p))) > read {
		return 0, errors.New("more is written than anybody reads")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := l.Most - len(l.buf); n > 0 {
		l.buf = append(l.buf, p[:min(n, len(p))]...)
		if len(l.buf) == l.Most && l.Full != nil {
			close(l.Full)
		}
	}
	return len(p), nil
}

// String returns what is kept, without the white space around it.
func (l *Writer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.TrimSpace(string(l.buf))
}
