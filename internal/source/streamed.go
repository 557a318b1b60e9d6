package source

import (
	"bufio"
	"errors"
	"io"
)

// streamed is what write writes, for somebody to read meanwhile. end ends the writing
// and waits for that, so that what is written from can be closed, and returns what is
// wrong with that.
func streamed(write func(io.Writer) error) (r *io.PipeReader, end func() error) {
	r, in := io.Pipe()
	written := make(chan error, 1)
	go func() {
		b := bufio.NewWriterSize(in, 64<<10)
		err := write(b)
		if err == nil {
			err = b.Flush()
		}
		_ = in.CloseWithError(err)
		written <- err
	}()
	return r, func() error {
		_ = r.Close()
		if err := <-written; !errors.Is(err, io.ErrClosedPipe) {
			return err
		}
		return nil
	}
}
