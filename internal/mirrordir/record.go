package mirrordir

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/archive"
	"github.com/vxlite/vxlite/internal/disk"
)

// mostRecord is how large a Record may be, in bytes: it has all files' hashes.
const mostRecord = 64 << 20

// Record is what is known of a bundle: inside it, and where it was made, for the
// next one.
type Record struct {
	Version int    `json:"version"`
	Bundle  Bundle `json:"bundle"`
	// Before are those that have to be applied before it, in order: the last whole
	// one, and what followed it.
	Before []Bundle `json:"before,omitempty"`
	// Files are all files of the mirror then that are carried. A bundle itself does
	// not have it.
	Files List `json:"files,omitempty"`
}

const recordVersion = 1

// ParseRecord reads a bundle.json, or what is beside a bundle, which may be
// anybody's. A newer version's is a [*NewerError].
func ParseRecord(data []byte) (*Record, error) {
	if err := checkNewer(data, recordVersion); err != nil {
		return nil, err
	}
	r := &Record{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, err
	}
	if r.Version != recordVersion {
		return nil, fmt.Errorf("it has version %d, and this vxlite knows %d", r.Version, recordVersion)
	}
	for i, b := range append(slices.Clone(r.Before), r.Bundle) {
		switch {
		case b.Number != i+1:
			return nil, fmt.Errorf("bundle %d stands in the place of bundle %d", b.Number, i+1)
		case !isID(b.ID):
			return nil, fmt.Errorf("bundle %d has no valid ID", b.Number)
		case !isName(b.Name) || strings.Contains(b.Name, "/"):
			return nil, fmt.Errorf("bundle %d has no valid name", b.Number)
		}
	}
	return r, nil
}

func isID(s string) bool {
	return len(s) == hex.EncodedLen(sha256.Size) && isHex(s)
}

func isHex(s string) bool { return strings.Trim(s, "0123456789abcdef") == "" }

func (r *Record) format() ([]byte, error) {
	data, err := json.MarshalIndent(r, "", "  ")
	return append(data, '\n'), err
}

// all are the bundle and those before it.
func (r *Record) all() []Bundle { return append(slices.Clone(r.Before), r.Bundle) }

// next is the record of a bundle of these files that follows since, which is nil
// for a whole one.
func next(since *Record, name string, files List) *Record {
	before := ""
	r := &Record{Version: recordVersion, Files: files}
	if since != nil {
		before, r.Before = since.Bundle.ID, since.all()
	}
	id := sha256.Sum256(append([]byte(before+"\n"), files.Format()...))
	r.Bundle = Bundle{Number: len(r.Before) + 1, ID: hex.EncodeToString(id[:]), Name: name}
	return r
}

// changed are those files, sorted, that since does not have, or not as they are now.
func changed(since *Record, files List) []string {
	return slices.DeleteFunc(files.Names(), func(name string) bool {
		return since != nil && since.Files[name] == files[name]
	})
}

// recordName is where the record of a bundle is.
func recordName(file string) string { return strings.TrimSuffix(file, archive.Extension) + ".json" }

// readRecord reads what was written beside a bundle.
func readRecord(name string) (*Record, error) {
	data, err := disk.ReadRegular(name, mostRecord)
	if err != nil {
		return nil, &RecordError{name, disk.Reason(err)}
	}
	r, err := ParseRecord(data)
	if newer, ok := errors.AsType[*NewerError](err); ok {
		return nil, newer.in(name)
	}
	if err == nil && len(r.Files) == 0 {
		err = errors.New("it has no list of files")
	}
	if err != nil {
		return nil, &RecordError{name, "is not the record of a bundle: " + err.Error()}
	}
	return r, nil
}

// RecordError is a file for --since-bundle that cannot be used.
type RecordError struct{ File, Reason string }

// Error implements error.
func (e *RecordError) Error() string { return "--since-bundle " + e.File + ": " + e.Reason }

// ExitStatus is that of wrong usage.
func (*RecordError) ExitStatus() int { return 2 }

// Hints says what would do.
func (*RecordError) Hints() []string {
	return []string{"name the .json that vxlite mirror --bundle wrote beside the bundle before"}
}

// follows reports whether a mirror that has these bundles has this one already. If
// not, it is the next one where nothing is wrong.
func (r *Record) follows(have []Bundle) (already bool, wrong *OrderError) {
	same := func(b Bundle) func(Bundle) bool { return func(other Bundle) bool { return other.ID == b.ID } }
	if slices.ContainsFunc(have, same(r.Bundle)) {
		return true, nil
	}
	if len(r.Before) == 0 {
		return false, nil // a whole one is for any mirror
	}
	e := &OrderError{Bundle: r.Bundle, After: r.Before[len(r.Before)-1], Missing: r.Before}
	if len(have) == 0 {
		return false, e
	}
	last := have[len(have)-1]
	if last.ID == e.After.ID {
		return false, nil
	}
	e.Has = &last
	if i := slices.IndexFunc(r.Before, same(last)); i >= 0 {
		e.Missing = r.Before[i+1:]
	} else if slices.ContainsFunc(have, same(e.After)) {
		e.Missing = nil // it has that one, and another that followed it
	} else {
		e.Other = true
	}
	return false, e
}

// OrderError is a bundle for another state of a mirror than the one that it is in.
type OrderError struct {
	File, Dir string
	Bundle    Bundle
	// After is the bundle before it.
	After Bundle
	// Missing have to be applied first, in order; empty where the mirror is ahead of
	// After.
	Missing []Bundle
	// Has is the last that the mirror has, or nil; Other says that it is none of
	// those before this one.
	Has   *Bundle
	Other bool
}

// Error implements error.
func (e *OrderError) Error() string {
	has := "no bundle"
	if e.Has != nil {
		has = fmt.Sprintf("bundle %d (%s)", e.Has.Number, e.Has.Name)
	}
	if e.Other {
		has += ", which is none of them"
	}
	if len(e.Missing) == 0 {
		return fmt.Sprintf("%s is for a mirror with bundle %d (%s), and %s has %s", e.File, e.After.Number, e.After.Name, e.Dir, has)
	}
	names := make([]string, 0, len(e.Missing))
	for _, b := range e.Missing {
		names = append(names, fmt.Sprintf("%s (bundle %d)", b.Name, b.Number))
	}
	need := " has to be applied first"
	if len(names) > 1 {
		need = " have to be applied first, in this order"
	}
	return fmt.Sprintf("%s is bundle %d: %s%s; %s has %s", e.File, e.Bundle.Number, strings.Join(names, ", "), need, e.Dir, has)
}

// ExitStatus is that of a check that found a problem.
func (*OrderError) ExitStatus() int { return 3 }

// Hints says what to do.
func (e *OrderError) Hints() []string {
	if len(e.Missing) == 0 {
		return []string{fmt.Sprintf("write one with --since-bundle %s, or a whole one, without --since-bundle", recordName(e.Has.Name))}
	}
	return []string{"apply what is missing, or write a whole bundle, without --since-bundle"}
}
