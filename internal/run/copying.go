package run

import (
	"errors"
	"io"
	"os"
	"time"
)

// copying hands on what a program writes into a pipe. os/exec would do that
// too, but waits for the pipe's end before it tells that the program has ended;
// what the program has started may hold the pipe, and is killed only then.
type copying struct {
	r, w   *os.File
	to     io.Writer
	result chan error // nil while it has not begun
}

// pipe connects a program's output with to. A file is given to the program as
// it is, and there is nothing to copy: then the result is nil.
func pipe(output *io.Writer, to io.Writer) (*copying, error) {
	if f, ok := to.(*os.File); ok {
		*output = f
		return nil, nil
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	*output = w
	return &copying{r: r, w: w, to: to}, nil
}

// begin copies, once the program has its end of the pipe.
func (c *copying) begin() {
	if c == nil {
		return
	}
	c.w.Close()
	c.result = make(chan error, 1)
	go func() {
		_, err := io.Copy(c.to, c.r)
		c.r.Close() // where to refuses more, the program is not to wait for room
		c.result <- err
	}()
}

// finish waits for the pipe's end, though not for long when the program has
// ended, and returns the error of a writer that took no more.
func (c *copying) finish() error {
	switch {
	case c == nil:
		return nil
	case c.result == nil:
		c.w.Close()
		return c.r.Close()
	}
	t := time.AfterFunc(defaultGrace, func() { c.r.Close() })
	defer t.Stop()
	err := <-c.result
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}
