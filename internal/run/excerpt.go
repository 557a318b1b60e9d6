package run

import "fmt"

// excerptPart is how much an Excerpt keeps of the beginning, and of the end.
const excerptPart = 64 << 10

// Excerpt keeps the first and the last 64 KB of what is written to it, so that
// a program can be heard out however much it says. Its zero value is empty.
type Excerpt struct {
	head, tail []byte
	dropped    int64 // bytes between the two
}

// Write implements io.Writer; it takes everything.
func (e *Excerpt) Write(p []byte) (int, error) {
	n := len(p)
	room := min(excerptPart-len(e.head), n)
	e.head, p = append(e.head, p[:room]...), p[room:]
	if extra := len(p) - excerptPart; extra > 0 { // none of the tail stays
		e.dropped += int64(len(e.tail) + extra)
		e.tail, p = e.tail[:0], p[extra:]
	}
	e.tail = append(e.tail, p...)
	if extra := len(e.tail) - excerptPart; extra > excerptPart { // not at each write
		e.tail = append(e.tail[:0], e.tail[extra:]...)
		e.dropped += int64(extra)
	}
	return n, nil
}

// String returns what was kept, and where the two parts do not meet, how much
// is missing between them.
func (e *Excerpt) String() string {
	tail, dropped := e.tail, e.dropped
	if extra := len(tail) - excerptPart; extra > 0 {
		tail, dropped = tail[extra:], dropped+int64(extra)
	}
	if dropped == 0 {
		return string(e.head) + string(tail)
	}
	return fmt.Sprintf("%s\n[%d bytes omitted]\n%s", e.head, dropped, tail)
}
