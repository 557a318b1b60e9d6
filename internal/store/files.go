package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/vxlite/vxlite/internal/disk"
)

// WriteJSON puts v in a file of the store, in one step.
func (s *Store) WriteJSON(v any, elem ...string) error { return s.writeJSON(v, elem...) }

// ReadJSON reads what WriteJSON wrote; false where there is nothing to be read.
// A shared store's is not taken: see Share.
func (s *Store) ReadJSON(v any, elem ...string) bool { return s.own().readJSON(v, elem...) }

func (s *Store) readJSON(v any, elem ...string) bool {
	b, ok := s.read(elem...)
	return ok && json.Unmarshal(b, v) == nil
}

// read returns what write put in a file's place, if that is still what it was.
func (s *Store) read(elem ...string) ([]byte, bool) {
	b, err := disk.ReadText(s.in(elem...))
	if err != nil {
		return nil, false
	}
	at := len(b) - len(recordSum(nil))
	if at < 0 || string(b[at:]) != recordSum(b[:at], elem...) {
		return nil, false
	}
	return b[:at], true
}

// recordSum is the line that a small file ends with: a checksum of what stands
// before it and of the file's place.
func recordSum(data []byte, elem ...string) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q\n", elem)
	h.Write(data)
	return "sum " + hex.EncodeToString(h.Sum(nil)[:16]) + "\n"
}

func (s *Store) writeJSON(v any, elem ...string) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return s.write(append(b, '\n'), elem...)
}

// write puts a small file in its place in one step.
func (s *Store) write(data []byte, elem ...string) error {
	f, err := os.CreateTemp(s.tmp(), "")
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	_, err = f.Write(append(slices.Clip(data), recordSum(data, elem...)...))
	if err = errors.Join(err, f.Close()); err == nil {
		err = s.place(f.Name(), filepath.Join(append([]string{s.dir}, elem...)...))
	}
	if err != nil {
		_ = os.Remove(f.Name()) // a later run would
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

// place renames, into a directory that is mostly there.
func (s *Store) place(from, to string) error {
	if err := s.check(to); err != nil {
		return err
	}
	err := disk.Rename(from, to)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		err = disk.Rename(from, to)
	}
	return err
}
