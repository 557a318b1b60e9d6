package source

import (
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/vxlite/vxlite/internal/gitpack"
)

// planMirror decides what becomes of each ref, and changes next, which begins as
// have. What a branch or a tag was that makes room is kept.
func planMirror(wanted []Ref, have, next map[string]gitpack.PackedRef, moveTags bool) (out Mirrored) {
	folders := foldersOf(have)
	for _, ref := range wanted {
		now := gitpack.PackedRef{Name: ref.Name, Hash: plumbing.NewHash(ref.object)}
		if ref.Commit != ref.object {
			now.Peeled = plumbing.NewHash(ref.Commit)
		}
		was, there := have[ref.Name]
		isTag := strings.HasPrefix(ref.Name, tagPrefix)
		if there && was.Hash == now.Hash {
			continue
		}
		away := inTheWay(next, folders, ref.Name)
		if isTag && (there || len(away) > 0) {
			for _, name := range away {
				out.Moved = append(out.Moved, Moved{Tag: strings.TrimPrefix(name, tagPrefix), Was: leadsTo(next[name]).String()})
			}
			if there {
				out.Moved = append(out.Moved, Moved{Tag: ref.Short(), Was: leadsTo(was).String(), Now: ref.Commit})
			}
			if !moveTags {
				continue
			}
			keep(next, leadsTo(was))
		} else if isTag {
			out.Tags = append(out.Tags, ref.Short())
		} else {
			out.Branches = append(out.Branches, ref.Short())
		}
		for _, name := range away {
			keep(next, leadsTo(next[name]))
			delete(next, name)
		}
		next[ref.Name] = now
		addFolders(folders, ref.Name)
	}
	return out
}

// inTheWay are the refs that cannot be beside one of that name, sorted: git has refs
// in files, and a name cannot be a folder's, too.
func inTheWay(refs map[string]gitpack.PackedRef, folders map[string]bool, name string) (away []string) {
	if folders[name] {
		for other := range refs {
			if strings.HasPrefix(other, name+"/") {
				away = append(away, other)
			}
		}
	}
	for i, c := range name {
		if _, ok := refs[name[:i]]; ok && c == '/' {
			away = append(away, name[:i])
		}
	}
	slices.Sort(away)
	return away
}

func foldersOf(refs map[string]gitpack.PackedRef) map[string]bool {
	folders := map[string]bool{}
	for name := range refs {
		addFolders(folders, name)
	}
	return folders
}

func addFolders(folders map[string]bool, name string) {
	for i, c := range name {
		if c == '/' {
			folders[name[:i]] = true
		}
	}
}

// leadsTo is the commit, as a rule, that a ref leads to.
func leadsTo(r gitpack.PackedRef) plumbing.Hash {
	if r.Peeled.IsZero() {
		return r.Hash
	}
	return r.Peeled
}
