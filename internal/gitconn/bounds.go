package gitconn

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/limit"
)

// bounds are how much, and how slowly, a server may answer.
type bounds struct {
	limits   config.Limits
	patience config.Patience
}

// refs reads what a server says of its refs.
func (b bounds) refs(r io.Reader) io.Reader {
	return &unended{r: &steady{r: BoundedRefs(r, b.limits.Refs), pace: b.pace()}}
}

func (b bounds) pace() pace { return pace{least: b.patience.MinRate, span: b.patience.Timeout} }

// answer reads what git-upload-pack sends for a request. What comes before the
// pack is read here: go-git would keep each line of it, and of some of its errors
// keeps the text alone.
func (b bounds) answer(r io.Reader) (io.Reader, error) {
	var before bytes.Buffer
	lines := io.TeeReader(&limit.Reader{R: r, Left: b.limits.Answer, Over: limit.Bytes("what the server sends before the pack is more than", "answer", b.limits.Answer)}, &before)
	for more := true; more; {
		var err error
		switch more, err = preamble(lines); {
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			return nil, errCut
		case err != nil:
			return nil, err
		}
	}
	return &packetReader{r: io.MultiReader(&before, r), limits: b.limits, pace: b.pace()}, nil
}

// preamble reads one line of those that come before the pack, and reports
// whether it was one.
func preamble(r io.Reader) (bool, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return false, err
	}
	size, err := strconv.ParseUint(string(head[:]), 16, 16)
	switch {
	case err != nil: // "PACK"
		return false, nil
	case size <= 4: // a flush
		return true, nil
	}
	line := make([]byte, size-4)
	if n, err := io.ReadFull(r, line[:1]); err != nil || line[0] < ' ' { // a side-band
		return n == 0, err
	}
	if _, err := io.ReadFull(r, line[1:]); err != nil {
		return false, err
	}
	if text, ok := bytes.CutPrefix(line, []byte("ERR ")); ok {
		return false, &pktline.ErrorLine{Text: strings.TrimSpace(string(text))}
	}
	for _, word := range []string{"shallow ", "unshallow ", "ACK ", "NAK"} {
		if bytes.HasPrefix(line, []byte(word)) {
			return true, nil
		}
	}
	return false, fmt.Errorf("unexpected answer from the server: %q", line[:min(len(line), 80)])
}

// packetReader reads the rest of an answer. In a side-band everything but the pack
// counts as beside it: progress, packets without content, the packets' lengths.
type packetReader struct {
	r      io.Reader
	limits config.Limits
	pace   pace

	data, beside int64 // bytes so far
	raw          bool  // the pack comes without packets
	head         []byte
	left         int64 // bytes of the packet that are to come
	pack         bool  // which are the pack's
}

// Read implements io.Reader. An error comes with what was read, so that go-git,
// which reads ahead of the pack and would keep its text alone, does not meet it.
func (p *packetReader) Read(b []byte) (int, error) {
	start, before := time.Now(), p.data
	n, err := p.r.Read(b)
	p.count(b[:n])
	switch {
	case p.data > p.limits.Pack:
		err = limit.Bytes("the pack has more than", "pack", p.limits.Pack)
	case p.beside > p.limits.Answer+p.data: // small packets may be all that a server makes
		err = limit.Bytes("what the server sends beside the pack is more than", "answer", p.limits.Answer)
	case before > 0 && err == nil: // it may think for long before the first byte
		err = p.pace.took(p.data-before, time.Since(start))
	}
	return n, err
}

// count takes note of what has come.
func (p *packetReader) count(b []byte) {
	const size = 4 // bytes of a packet that say its length
	for len(b) > 0 {
		if p.raw {
			p.data += int64(len(b))
			return
		}
		if p.left > 0 && len(p.head) > size {
			n := min(p.left, int64(len(b)))
			if p.pack {
				p.data += n
			} else {
				p.beside += n
			}
			b, p.left = b[n:], p.left-n
			if p.left == 0 {
				p.head = p.head[:0]
			}
			continue
		}
		p.head, b = append(p.head, b[0]), b[1:]
		p.beside++
		switch len(p.head) {
		case size:
			n, err := strconv.ParseUint(string(p.head), 16, 16)
			if p.raw = err != nil; n <= size {
				p.head = p.head[:0]
			}
			p.left = int64(n) - size
		case size + 1:
			const channel = 1 // of the pack
			p.pack = p.head[size] == channel
			if p.left--; p.left == 0 {
				p.head = p.head[:0]
			}
		}
	}
}

// pace is a least rate. Only the time that is spent on waiting counts.
type pace struct {
	least int64         // bytes a second
	span  time.Duration // over which it is taken

	got   int64
	spent time.Duration
}

// took takes note of n bytes that came after so long.
func (p *pace) took(n int64, spent time.Duration) error {
	p.got += n
	if p.spent += spent; p.spent < p.span {
		return nil
	}
	if float64(p.got) < float64(p.least)*p.spent.Seconds() {
		return &SlowError{Least: p.least, Over: p.span}
	}
	p.got, p.spent = 0, 0
	return nil
}

// steady reads what has to come at a pace.
type steady struct {
	r     io.Reader
	pace  pace
	begun bool // a byte has come; before, the server may think
}

// Read implements io.Reader.
func (s *steady) Read(b []byte) (int, error) {
	start := time.Now()
	n, err := s.r.Read(b)
	if err == nil && s.begun {
		err = s.pace.took(int64(n), time.Since(start))
	}
	s.begun = s.begun || n > 0
	return n, err
}

// SlowError is a server that sends, but hardly anything.
type SlowError struct {
	Least int64 // bytes a second
	Over  time.Duration
}

// Error implements error.
func (e *SlowError) Error() string {
	return fmt.Sprintf("the server has sent less than %s a second for %v", config.FormatSize(e.Least), e.Over)
}

// Hints shows the key.
func (e *SlowError) Hints() []string {
	return []string{gitSetting(fmt.Sprintf("if it is that slow, allow less than %s a second in the config", config.FormatSize(e.Least)), "min_rate", config.FormatSize(e.Least/2))}
}

// TotalError is a conversation that took too long, however much was sent.
type TotalError struct {
	What  string // "fetch" or "push"
	After time.Duration
}

// Error implements error.
func (e *TotalError) Error() string {
	return fmt.Sprintf("the %s is not done after %v", e.What, e.After)
}

// Hints shows the key.
func (e *TotalError) Hints() []string {
	return []string{moreTime("total_timeout", e.After)}
}

// moreTime is the hint for a server that is slow.
func moreTime(key string, now time.Duration) string {
	return gitSetting(fmt.Sprintf("if it needs longer than %v, give it more time in the config", now), key, (2 * now).String())
}

func gitSetting(words, key, value string) string {
	return config.Snippet(words, "[git]", config.Setting{Key: key, Value: value})
}
