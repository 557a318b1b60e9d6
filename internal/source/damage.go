package source

import (
	"context"
	"fmt"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/store"
)

// CheckFiles compares all files of a module in the store with what was recorded
// when they were written, and writes them anew where they differ. It is for
// those who are about to compile or to hash them, and returns the files' sums.
func (c *Client) CheckFiles(ctx context.Context, f Found, folder string) (store.FileSums, error) {
	dst := c.store.TreeDir(f.tree(folder))
	if sums, ok := c.wrote.Load(dst); ok {
		return sums.(store.FileSums), nil // just now, by this run
	}
	if got, same, _ := c.store.SumTree(f.tree(folder)); same {
		return got, nil
	}
	if disk.IsDir(dst) {
		c.sink.Send(event.Event{Kind: event.Note, Text: fmt.Sprintf("%s is damaged and is rewritten", dst)})
	}
	if err := c.store.Discard(dst); err != nil {
		return nil, err
	}
	dst, err := c.Tree(ctx, f, folder)
	if err != nil {
		return nil, err
	}
	if sums, ok := c.wrote.Load(dst); ok {
		return sums.(store.FileSums), nil
	}
	got, _, err := c.store.SumTree(f.tree(folder)) // another run was first
	return got, err
}
