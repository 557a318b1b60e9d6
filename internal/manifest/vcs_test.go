package manifest

import "testing"

func TestPackageURL(t *testing.T) {
	for _, tt := range []struct{ module, version, vcs, want string }{
		{"github.com/acme/lib/v2", "v2.0.1", "", "pkg:golang/github.com/acme/lib/v2@v2.0.1"},
		{"example.com", "v1.0.0+incompatible", "", "pkg:golang/example.com@v1.0.0%2Bincompatible"},
		{"github.com/acme/lib", "v1.0.0", "git+https://github.com/acme/lib@aa", "pkg:golang/github.com/acme/lib@v1.0.0?vcs_url=git%2Bhttps:%2F%2Fgithub.com%2Facme%2Flib%40aa"},
	} {
		if got := PackageURL(tt.module, tt.version, tt.vcs); got != tt.want {
			t.Errorf("%s, not %s", got, tt.want)
		}
	}
}

func TestVCSURL(t *testing.T) {
	for clone, want := range map[string]string{
		"https://github.com/acme/lib":          "git+https://github.com/acme/lib",
		"ssh://git@git.corp:2222/acme/lib.git": "git+ssh://git@git.corp:2222/acme/lib.git",
		"git@git.corp:acme/lib.git":            "git+ssh://git@git.corp/acme/lib.git",
		"git@[::1]:acme/lib":                   "git+ssh://git@[::1]/acme/lib",
		"git@[git.corp:2222]:lib":              "git+ssh://git@git.corp:2222/lib",
		"local:lib":                            "",
		"./repos/lib":                          "",
		"../x:y":                               "",
		"":                                     "",
	} {
		if got := VCSURL(clone); got != want {
			t.Errorf("%s: %q, not %q", clone, got, want)
		}
	}
}
