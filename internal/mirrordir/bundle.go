package mirrordir

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/vxlite/vxlite/internal/archive"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/signature"
)

// bundleFile is the [Record] in a bundle.
const bundleFile = "bundle.json"

// form is a bundle's: an archive of the files of a mirror that are to be carried,
// with mirror.json and bundle.json. Each of its limits is far above any need.
var form = &archive.Form{
	Top:     "mirror/",
	Folder:  "mirror",
	Archive: "bundle of a mirror",
	File:    "file of a mirror",
	Again:   "copy it again, or write it again with vxlite mirror DIR --bundle FILE" + archive.Extension,
	Name:    "name what vxlite mirror --bundle wrote, a file that ends in " + archive.Extension,
	Needs:   StateFile,
	Bytes:   256 << 30,
	Files:   1 << 18,
	Whole:   map[string]int64{bundleFile: mostRecord, StateFile: mostState},
}

// ofRepository splits the name of a file that a bundle may have of a repository. An
// index is made anew where a bundle is applied, and so is the config, in which a
// stranger could have written what git is to run.
var ofRepository = regexp.MustCompile(`^(` + GitDir + `/.+)/(HEAD|packed-refs|shallow|objects/pack/pack-[0-9a-f]{40}\.pack)$`)

// carries reports for a state's mirror which files a bundle may have.
func (s State) carries() func(name string) bool {
	repositories := map[string]bool{}
	for _, r := range s.Repositories {
		repositories[r.Path] = true
	}
	return func(name string) bool {
		if m := ofRepository.FindStringSubmatch(name); m != nil {
			return repositories[m[1]]
		}
		top, _, _ := strings.Cut(name, "/")
		return (top == ProxyDir || top == ReleasesDir) && name != top && isName(name)
	}
}

// BundleOptions say what a bundle is to have.
type BundleOptions struct {
	// Since is what was written beside the bundle before; empty for a whole one.
	Since string
	// Sign is a file with a private key; empty for no signature.
	Sign string
	Sink event.Sink
}

// Bundled is a bundle that was written.
type Bundled struct {
	Bundle Bundle `json:"bundle"`
	// Path is the bundle's, and Record that of what the next one needs.
	Path   string `json:"path"`
	Record string `json:"record"`
	// Packs and Files count those of repositories and those of the proxy tree.
	Packs int `json:"packs"`
	Files int `json:"files"`
	// Size is the bundle's in bytes, SHA256 its hash in hex.
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// WriteBundle writes what is new in the mirror at dir into one file, and beside it
// what the next bundle needs.
func WriteBundle(ctx context.Context, dir, file string, o BundleOptions) (*Bundled, error) {
	var key *signature.Key
	var err error
	if o.Sign != "" {
		if key, err = signature.ReadKey(o.Sign); err != nil {
			return nil, err
		}
	}
	m, err := Open(ctx, dir, Existing, o.Sink)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	if m.Unfinished {
		return nil, &UnfinishedError{m.Dir}
	}
	m.State.tellIncomplete(o.Sink)
	out := &Bundled{Path: file, Record: recordName(file)}
	if err := m.checkOutput(out, o.Since); err != nil {
		return nil, err
	}
	var since *Record
	if o.Since != "" {
		if since, err = readRecord(o.Since); err != nil {
			return nil, err
		}
	}
	return out, m.bundle(ctx, since, key, out)
}

// bundle decides what goes into a bundle, writes it and then its record.
func (m *Mirror) bundle(ctx context.Context, since *Record, key *signature.Key, out *Bundled) error {
	state := m.State
	state.Bundles = nil // of this mirror, not of one that it is carried to
	stateData, err := state.format()
	if err != nil {
		return err
	}
	listed, err := m.ReadList()
	if err != nil {
		return err
	}
	carries, files := state.carries(), List{}
	for name, sum := range listed {
		if carries(name) {
			files[name] = sum
		}
	}
	files[StateFile] = sumOf(stateData)
	record := next(since, filepath.Base(out.Path), files)
	inside := *record
	inside.Files = nil
	insideData, err := inside.format()
	if err != nil {
		return err
	}
	p := packing{m: m, key: key, list: List{}, made: map[string][]byte{StateFile: stateData, bundleFile: insideData}}
	for name, data := range p.made {
		p.list[name] = sumOf(data)
	}
	for _, name := range changed(since, files) {
		p.list[name] = files[name]
		switch {
		case strings.HasSuffix(name, ".pack"):
			out.Packs++
		case strings.HasPrefix(name, ProxyDir+"/"):
			out.Files++
		}
	}
	out.Bundle = record.Bundle
	if out.Size, out.SHA256, err = p.put(ctx, out.Path); err != nil {
		return err
	}
	data, err := record.format()
	if err != nil {
		return err
	}
	return disk.Write(out.Record, data, 0o644)
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// packing is what a bundle is packed from.
type packing struct {
	m    *Mirror
	key  *signature.Key
	list List
	made map[string][]byte // what is no file of the mirror
}

// put writes the bundle beside its place, and moves it there.
func (p *packing) put(ctx context.Context, place string) (size int64, sum string, err error) {
	disk.Sweep(place)
	f, err := disk.CreateTemp(place)
	if err != nil {
		return 0, "", &OutputError{place, disk.Reason(err)}
	}
	defer os.Remove(f.Name()) // in vain once it is renamed
	h := sha256.New()
	err = p.pack(ctx, io.MultiWriter(f, h))
	if err == nil {
		size, err = f.Seek(0, io.SeekCurrent)
	}
	if err := errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return 0, "", ifFull("output "+place, err)
	}
	return size, hex.EncodeToString(h.Sum(nil)), disk.Rename(f.Name(), place)
}

// pack writes the bundle. A file that is not as the mirror's list has it goes into
// none.
func (p *packing) pack(ctx context.Context, w io.Writer) error {
	list := p.list.Format()
	z, err := form.NewPacker(w)
	if err != nil {
		return err
	}
	defer z.Abort() // in vain once it is closed
	if err := z.Write(ListFile, list); err != nil {
		return err
	}
	if p.key != nil {
		sig, err := p.key.Sign(list)
		if err != nil {
			return err
		}
		if err := z.Write(archive.SignatureFile, sig); err != nil {
			return err
		}
	}
	for _, name := range p.list.Names() {
		if data, ok := p.made[name]; ok {
			if err := z.Write(name, data); err != nil {
				return err
			}
			continue
		}
		switch sum, err := z.Copy(ctx, name, p.m.Path(name)); {
		case errors.Is(err, fs.ErrNotExist):
			return &ChangedError{p.m.Dir, name, "is missing"}
		case err != nil:
			return err
		case sum != p.list[name]:
			return &ChangedError{p.m.Dir, name, "is not as " + ListFile + " has it"}
		}
	}
	return z.Close()
}

// checkOutput refuses to replace what no vxlite wrote, and what is to be read.
func (m *Mirror) checkOutput(out *Bundled, since string) error {
	abs, err := filepath.Abs(out.Path)
	if err != nil {
		return err
	}
	rel, err := filepath.Rel(m.Dir, abs)
	switch {
	case !archive.Is(out.Path):
		return &OutputError{out.Path, "the name of a bundle ends in " + archive.Extension}
	case !isName(filepath.Base(out.Path)):
		return &OutputError{out.Path, "is not a valid name for a bundle"}
	case err == nil && filepath.IsLocal(rel):
		return &OutputError{out.Path, "is in the mirror"}
	case since != "" && sameFile(since, out.Record):
		return &OutputError{out.Path, out.Record + " is the record of the bundle before, and would be replaced"}
	}
	if reason := archive.CheckFile(out.Path); reason != "" {
		return &OutputError{out.Path, reason}
	}
	if _, err := os.Lstat(out.Record); err == nil {
		if _, err := readRecord(out.Record); err != nil {
			return &OutputError{out.Path, out.Record + " exists and is not the record of a bundle"}
		}
	}
	return nil
}

func sameFile(a, b string) bool {
	fa, err := os.Stat(a)
	fb, err2 := os.Stat(b)
	return err == nil && err2 == nil && os.SameFile(fa, fb)
}

// OutputError is a place that no bundle can be written to.
type OutputError struct{ Path, Reason string }

// Error implements error.
func (e *OutputError) Error() string { return "output " + e.Path + ": " + e.Reason }

// ExitStatus is that of wrong usage.
func (*OutputError) ExitStatus() int { return 2 }

// Hints says what to do.
func (*OutputError) Hints() []string {
	return []string{"name another file with --bundle, one that ends in " + archive.Extension}
}

// UnfinishedError is a mirror that a run was interrupted over.
type UnfinishedError struct{ Dir string }

// Error implements error.
func (e *UnfinishedError) Error() string { return e.Dir + ": a run was interrupted before it was done" }

// ExitStatus is that of a check that found a problem.
func (*UnfinishedError) ExitStatus() int { return 3 }

// Hints says what to do.
func (*UnfinishedError) Hints() []string {
	return []string{"fill the mirror again, which fetches what is missing, and then write the bundle"}
}

// ChangedError is a file of a mirror that is not as it was written.
type ChangedError struct{ Dir, File, Reason string }

// Error implements error.
func (e *ChangedError) Error() string { return e.Dir + " is damaged: " + e.File + " " + e.Reason }

// ExitStatus is that of a check that found a problem.
func (*ChangedError) ExitStatus() int { return 3 }

// Hints says what to do.
func (e *ChangedError) Hints() []string {
	return []string{"vxlite mirror " + e.Dir + " --check lists all that is damaged"}
}
