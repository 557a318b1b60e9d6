package mirrordir

import (
	"path/filepath"
	"testing"

	"github.com/vxlite/vxlite/internal/testkit"
)

// TestOlder applies whole bundles to a mirror that got another. Those that have
// nothing but what it had before are refused.
func TestOlder(t *testing.T) {
	// Each step is a content, to which main goes, or main of the other repository.
	type step struct {
		repository Repository
		content    string
	}
	a := func(content string) step { return step{aRepo, content} }
	b := func(content string) step { return step{bRepo, content} }
	made := func(t *testing.T, steps []step) string {
		outside := filepath.Join(t.TempDir(), "outside")
		m, err := Open(t.Context(), outside, Make, noSink)
		must(t, err)
		must(t, m.Begin())
		s := State{Layout: DefaultLayout}
		for _, step := range steps {
			addTo(t, m.Path(step.repository.Path), step.content, "refs/heads/main")
			if _, ok := s.Find(step.repository.URL); !ok {
				s.Repositories = append(s.Repositories, step.repository)
			}
		}
		must(t, m.Finish(t.Context(), s))
		must(t, m.Close())
		return bundle(t, outside, 1)
	}
	for _, tt := range []struct {
		name         string
		there, comes []step
		want         string
	}{
		{"newer", []step{a("1")}, []step{a("1"), a("2")}, ""},
		{"the same, and another repository", []step{a("1")}, []step{a("1"), b("1")}, ""},
		{"older", []step{a("1"), a("2")}, []step{a("1")},
			"whole bundle FILE is older than INSIDE, which has out-1.tar.zst (bundle 1): it would take branch main of https://example.com/acme/a from d8263ee98605 back to 56a6051ca2b0"},
		{"older, of two repositories", []step{a("1"), a("2"), b("1"), b("2")}, []step{a("1"), b("1")},
			"whole bundle FILE is older than INSIDE, which has out-1.tar.zst (bundle 1): it would take branch main of https://example.com/acme/a from d8263ee98605 back to 56a6051ca2b0, and 1 more branch"},
		{"older, of a mirror with another repository", []step{a("1"), a("2")}, []step{a("1"), b("1")},
			"whole bundle FILE is older than INSIDE, which has out-1.tar.zst (bundle 1): it would take branch main of https://example.com/acme/a from d8263ee98605 back to 56a6051ca2b0"},
		{"upstream went back", []step{a("1"), a("2")}, []step{a("1"), a("2"), a("1")}, ""},
		{"another repository is newer", []step{a("1"), a("2"), b("1")}, []step{a("1"), b("1"), b("2")}, ""},
		{"not known", []step{a("2")}, []step{a("1")}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inside := filepath.Join(t.TempDir(), "inside")
			_, err := Apply(t.Context(), inside, made(t, tt.there), defaults)
			must(t, err)
			comes := made(t, tt.comes)
			if tt.want == "" {
				_, err = Apply(t.Context(), inside, comes, defaults)
				must(t, err)
				return
			}
			err = refused(t, inside, packed(t, unpacked(t, comes)), defaults, tt.want)
			testkit.WantError(t, err, err.Error(), "to have the mirror as it was then, apply it to a new directory")
		})
	}
}
