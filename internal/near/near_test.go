package near

import "testing"

func TestName(t *testing.T) {
	known := []string{"module_name", "ref", "tag", "owner", "repository", "url", "folder"}
	for in, want := range map[string]string{
		"refs":       "ref",
		"tga":        "tag",
		"Ulr":        "url",
		"repo":       "repository",
		"repositry":  "repository",
		"moduleName": "module_name",
		"module":     "module_name",
		"version":    "",
		"x":          "",
		"":           "",
	} {
		if got := Name(in, known); got != want {
			t.Errorf("Name(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestSlips(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"abc", "", 3},
		{"ref", "ref", 0},
		{"ref", "rev", 1},
		{"tga", "tag", 1},
		{"lniux/amd46", "linux/amd64", 3}, // one swap, and two changes
		{"kitten", "sitting", 3},
	} {
		if got := slips(tt.a, tt.b); got != tt.want {
			t.Errorf("slips(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
