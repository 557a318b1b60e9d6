package gitconn

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
)

func TestSlots(t *testing.T) {
	s := newSlots(2)
	ctx := t.Context()
	for range 2 {
		if err := s.acquire(ctx); err != nil {
			t.Fatal(err)
		}
	}
	cancelled, cancel := context.WithCancelCause(ctx)
	cause := errors.New("enough")
	cancel(cause)
	if err := s.acquire(cancelled); err != cause {
		t.Errorf("no place is free: %v, want %v", err, cause)
	}
	s.release()
	if err := s.acquire(ctx); err != nil {
		t.Errorf("a place is free: %v", err)
	}
	if !s.shrink() {
		t.Error("two places are in use, and the second cannot be given back")
	}
	if err := s.acquire(cancelled); err != cause {
		t.Errorf("one place is left, and in use: %v, want %v", err, cause)
	}
	if s.shrink() {
		t.Error("the only place can be given back")
	}
	s.release()
	if err := s.acquire(cancelled); err != nil {
		t.Errorf("one place is left, and free: %v", err)
	}
}

// TestSlotsRace has many at once, of whom some find that there is less room
// than was thought.
func TestSlotsRace(t *testing.T) {
	s := newSlots(8)
	var wg sync.WaitGroup
	var now, shrunk atomic.Int32
	for i := range 64 {
		wg.Go(func() {
			if err := s.acquire(t.Context()); err != nil {
				t.Error(err)
				return
			}
			if i%4 == 0 && s.shrink() {
				shrunk.Add(1)
				if err := s.acquire(t.Context()); err != nil {
					t.Error(err)
					return
				}
			}
			if n := now.Add(1); n > 8 {
				t.Errorf("%d at once", n)
			}
			now.Add(-1)
			s.release()
		})
	}
	wg.Wait()
	if s.used != 0 || s.limit < 1 || s.limit > 8 {
		t.Errorf("used %d of %d after %d gave up theirs", s.used, s.limit, shrunk.Load())
	}
}
