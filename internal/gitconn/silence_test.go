package gitconn

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestSilence has who waits for a server told only once nothing has moved for long
// enough, either way.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &silence{longest: time.Minute}
		begun := time.Now()
		var told time.Duration
		end := s.watch(func() { told = time.Since(begun) })
		time.Sleep(50 * time.Second)
		s.moved()
		time.Sleep(50 * time.Second)
		s.moved()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if want := 160 * time.Second; told != want {
			t.Errorf("told after %v, want %v", told, want)
		}
		end()

		told = 0
		s.watch(func() { told = time.Since(begun) })()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if told != 0 {
			t.Errorf("told of a silence that nobody waited for, after %v", told)
		}
	})
}
