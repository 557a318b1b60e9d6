package mirrordir

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/giturl"
)

// Line is one of [mirrors] in a config.
type Line struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Lines are the mirrors that a config needs to take all repositories from here: as a
// rule one for each host.
func (m *Mirror) Lines(s State) []Line {
	var out []Line
	for _, r := range s.Repositories {
		if l := m.line(r); !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	slices.SortFunc(out, func(a, b Line) int { return strings.Compare(a.From, b.From) })
	return out
}

// line takes off the end that a URL and its place have in common.
func (m *Mirror) line(r Repository) Line {
	from, to := strings.TrimSuffix(r.URL, ".git"), strings.TrimSuffix(r.Path, ".git")
	remote, err := giturl.Parse(r.URL)
	common := strings.Trim(strings.TrimSuffix(remote.Path, ".git"), "/")
	before, ok := strings.CutSuffix(to, "/"+common)
	at, ok2 := strings.CutSuffix(from, common)
	if err != nil || !ok || !ok2 || remote.Local() {
		return Line{r.URL, m.Path(r.Path)}
	}
	return Line{at, filepath.ToSlash(m.Path(path.Clean(before))) + "/"}
}
