package patch

import (
	"errors"

	"github.com/vxlite/vxlite/internal/config"
)

// Fate is what became of a patch that was carried over to another commit.
type Fate string

// The fates.
const (
	Kept       Fate = "applies"         // as it is
	Merged     Fate = "merged"          // with other lines around it, or some lines further up or down
	Upstream   Fate = "upstream has it" // the commit has all of its changes
	Conflicted Fate = "conflict"        // and is not made
	Pending    Fate = "not reached"     // behind one that is in conflict
)

// Carried is a patch that was carried over.
type Carried struct {
	*Patch
	Fate Fate
	// Edits are those of the new commit's files.
	Edits []Edit
	// Conflicts are files that have marks in them.
	Conflicts []string
}

// Made is a patch with what it made of the files that it was written for.
type Made struct {
	*Patch
	Edits []Edit
}

// Make applies the patches to the tree that they were written for.
func (s *Series) Make(t Tree, limits config.Limits) ([]Made, error) {
	steps, err := s.Apply(t, limits)
	if err != nil {
		return nil, err
	}
	var out []Made
	for _, step := range steps {
		edits, err := step.Edits(t, step.Changes)
		if err != nil {
			return nil, err
		}
		out = append(out, Made{step.Patch, edits})
		t = With(t, step.Changes)
	}
	return out, nil
}

// Carry applies patches to another tree: as they are, or else merged with it. It
// stops at the first that cannot be. ref is what the tree is of.
func Carry(all []Made, t Tree, limits config.Limits, ref string) ([]Carried, error) {
	var out []Carried
	for i, m := range all {
		c, err := carry(m, t, limits, ref)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
		if c.Fate == Conflicted {
			for _, rest := range all[i+1:] {
				out = append(out, Carried{Patch: rest.Patch, Fate: Pending})
			}
			break
		}
		t = With(t, Changed(c.Edits))
	}
	return out, nil
}

func carry(m Made, t Tree, limits config.Limits, ref string) (Carried, error) {
	changes, err := m.Apply(t, limits)
	if _, applied := errors.AsType[*AppliedError](err); applied {
		return Carried{Patch: m.Patch, Fate: Upstream}, nil
	}
	if err == nil {
		edits, err := m.Patch.Edits(t, changes)
		return Carried{Patch: m.Patch, Fate: Kept, Edits: edits}, err
	}
	if _, misfit := errors.AsType[*ApplyError](err); !misfit {
		return Carried{}, err
	}
	edits, conflicts, err := Merge(t, m.Edits, ref, m.File)
	out := Carried{Patch: m.Patch, Fate: Merged, Edits: edits, Conflicts: conflicts}
	switch {
	case len(conflicts) > 0:
		out.Fate = Conflicted
	case len(edits) == 0:
		out.Fate = Upstream
	}
	return out, err
}
