package disk

import "os"

// Write puts data in a file, of that mode, in one step: an interruption or a
// full disk leaves the file that was there whole.
func Write(name string, data []byte, mode os.FileMode) error {
	s, err := Stage(name, data, mode)
	if err != nil {
		return err
	}
	defer s.Discard()
	return s.Commit()
}

// Staged is a file's new content, whole and on disk beside it.
type Staged struct{ name, tmp string }

// Stage does all of [Write] but the last step, so that of several files none
// changes unless all of them can.
func Stage(name string, data []byte, mode os.FileMode) (*Staged, error) {
	tmp, err := CreateTemp(name)
	if err != nil {
		return nil, err
	}
	s := &Staged{name, tmp.Name()}
	_, err = tmp.Write(data)
	for _, step := range []func() error{func() error { return tmp.Chmod(mode) }, tmp.Sync, tmp.Close} {
		if stepErr := step(); err == nil {
			err = stepErr
		}
	}
	if err != nil {
		s.Discard()
		return nil, of(name, err)
	}
	return s, nil
}

// Commit puts the content in its place.
func (s *Staged) Commit() error { return of(s.name, Rename(s.tmp, s.name)) }

// Discard removes what was not put in its place.
func (s *Staged) Discard() { _ = os.Remove(s.tmp) }
