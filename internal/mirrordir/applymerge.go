package mirrordir

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/gitpack"
)

// merge is the state of a mirror after a bundle.
func merge(own, carried State, record *Record) State {
	out := State{Version: stateVersion, Layout: cmp.Or(own.Layout, carried.Layout), Bundles: record.all()}
	repositories := map[string]Repository{}
	for _, r := range append(slices.Clone(own.Repositories), carried.Repositories...) {
		repositories[r.URL] = r
	}
	needs := map[string]Needs{}
	for _, n := range append(slices.Clone(own.Needs), carried.Needs...) {
		needs[n.Config] = n
	}
	for _, url := range slices.Sorted(maps.Keys(repositories)) {
		out.Repositories = append(out.Repositories, repositories[url])
	}
	for _, config := range slices.Sorted(maps.Keys(needs)) {
		out.Needs = append(out.Needs, needs[config])
	}
	return out
}

// repository checks the refs of a repository, and adds those that only the mirror
// has. It returns nil where the bundle has nothing of it.
func (a *applying) repository(r Repository, list List) (*AppliedRepository, error) {
	row := &AppliedRepository{Repository: r}
	any := false
	for name := range list {
		if m := ofRepository.FindStringSubmatch(name); m != nil && m[1] == r.Path {
			any = true
			if fi, err := os.Stat(a.path(name)); err == nil && path.Ext(name) == ".pack" {
				row.Bytes += fi.Size()
			}
		}
	}
	if !any {
		return nil, nil
	}
	if _, ok := list[r.Path+"/HEAD"]; ok && gitpack.ReadHead(a.path(r.Path)) == "" {
		return nil, a.bad("%s/HEAD is not that of a repository", r.Path)
	}
	if _, ok := list[path.Join(r.Path, shallowFile)]; ok {
		if err := a.shallow(r.Path); err != nil {
			return nil, err
		}
	}
	if err := a.checkLinks(r.Path); err != nil {
		return nil, err
	}
	if _, ok := list[path.Join(r.Path, refsFile)]; ok {
		if err := a.refs(row); err != nil {
			return nil, err
		}
	}
	return row, nil
}

// refs checks that a repository's refs name objects that are there, and writes the
// packed-refs that the mirror is to have.
func (a *applying) refs(row *AppliedRepository) error {
	staged, ours := a.path(row.Path), a.m.Path(row.Path)
	carried, err := gitpack.ReadPackedRefs(staged, a.limits)
	if err != nil {
		return a.bad("%s: %v", row.Path, err)
	}
	own, err := gitpack.ReadPackedRefs(ours, a.limits)
	if err != nil {
		return fmt.Errorf("%s: %w", ours, err)
	}
	missing, err := gitpack.MissingObjects(carried, filepath.Join(staged, packDir), filepath.Join(ours, packDir))
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		r := missing[0]
		return a.bad("%s: neither the bundle nor the mirror has the object of %s, %s", row.Path, brief.Name(r.Name), r.Hash)
	}
	refs := map[string]gitpack.PackedRef{}
	for _, r := range slices.Concat(own, carried) {
		refs[r.Name] = r
	}
	row.compare(own, carried)
	return gitpack.WritePackedRefs(staged, slices.Collect(maps.Values(refs)))
}

const (
	packDir  = "objects/pack"
	refsFile = "packed-refs"
)

// compare notes what is new among refs.
func (row *AppliedRepository) compare(own, carried []gitpack.PackedRef) {
	had := map[string]gitpack.PackedRef{}
	for _, r := range own {
		had[r.Name] = r
	}
	for _, r := range carried {
		switch old, ok := had[r.Name]; {
		case !ok:
			row.New = append(row.New, r.Name)
		case old.Hash == r.Hash:
		case strings.HasPrefix(r.Name, "refs/tags/"):
			row.Moved = append(row.Moved, MovedTag{r.Name, old.Hash.String(), r.Hash.String()})
		default:
			row.Changed = append(row.Changed, r.Name)
		}
	}
	slices.Sort(row.New)
	slices.Sort(row.Changed)
	slices.SortFunc(row.Moved, func(a, b MovedTag) int { return strings.Compare(a.Name, b.Name) })
}

// shallow makes a repository end at the commits at which it did before too: that
// one is named in vain hides history, that one is not breaks it. Where the bundle
// is the next one, it has all of them.
func (a *applying) shallow(repository string) error {
	name := filepath.Join(a.path(repository), shallowFile)
	data, err := disk.ReadRegular(name, a.limits.Refs)
	if err != nil {
		return err
	}
	if a.record.Bundle.Number == 1 {
		own, err := disk.ReadRegular(filepath.Join(a.m.Path(repository), shallowFile), a.limits.Refs)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		data = append(data, own...)
	}
	commits := lines(data)
	if slices.ContainsFunc(commits, func(c string) bool { return len(c) != 40 || !isHex(c) }) {
		return a.bad("%s/%s is not a list of commits", repository, shallowFile)
	}
	return os.WriteFile(name, joined(commits), 0o644)
}

const shallowFile = "shallow"

// lines are those of a file, sorted, each once.
func lines(data []byte) []string {
	all := strings.Fields(string(data))
	slices.Sort(all)
	return slices.Compact(all)
}

func joined(lines []string) []byte {
	var b bytes.Buffer
	for _, line := range lines {
		b.WriteString(line + "\n")
	}
	return b.Bytes()
}

// proxy adds to each list of a module's versions those that only the mirror has. It
// counts the files of the proxy tree.
func (a *applying) proxy(list List) (n int, err error) {
	for _, name := range list.Names() {
		if !strings.HasPrefix(name, ProxyDir+"/") {
			continue
		}
		n++
		if !strings.HasSuffix(name, "/@v/list") {
			continue
		}
		carried, err := disk.ReadText(a.path(name))
		if err != nil {
			return 0, err
		}
		own, err := disk.ReadText(a.m.Path(name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, err
		}
		versions := lines(append(carried, own...))
		semver.Sort(versions)
		if err := os.WriteFile(a.path(name), joined(versions), 0o644); err != nil {
			return 0, err
		}
	}
	return n, nil
}
