package edit

import "testing"

func TestPatches(t *testing.T) {
	list := []string{"patches/http/*.patch"}
	const key = `patches = ["patches/http/*.patch"]`
	for _, tt := range []struct{ name, data, want string }{
		{"http", "# all\n[plugins.http] # http\n  tag = \"v5\" # pinned\n\n# next\n[plugins.kv]\ntag = \"v5\"\n", "# all\n[plugins.http] # http\n  tag = \"v5\" # pinned\n  " + key + "\n\n# next\n[plugins.kv]\ntag = \"v5\"\n"},
		{"http", "[plugins.http]\npatches = 'x' # ours\ntag = 'v5'\n", "[plugins.http]\n" + key + " # ours\ntag = 'v5'\n"},
		{"http", "[plugins.http]\npatches = [\n  'x', # first\n  'y',\n]\ntag = 'v5'\n", "[plugins.http]\n" + key + "\n  # first\ntag = 'v5'\n"},
		{"http", "[plugins]\nhttp.tag = 'v5'\nkv.tag = 'v5'\n", "[plugins]\nhttp.tag = 'v5'\nhttp." + key + "\nkv.tag = 'v5'\n"},
		{"http", "[plugins.http]\r\ntag = 'v5'\r\n", "[plugins.http]\r\ntag = 'v5'\r\n" + key + "\r\n"},
		{"http", "[plugins.http]\r\npatches = 'x'\r\n", "[plugins.http]\r\n" + key + "\r\n"},
		{"my.http", "[plugins.\"my.http\"]\ntag = 'v5'", "[plugins.\"my.http\"]\ntag = 'v5'\n" + key},
		{"roadrunner", "[roadrunner]\n[plugins.http]\n", "[roadrunner]\n" + key + "\n[plugins.http]\n"},
		{"a.b/c", "[[modules]]\nmodule = 'a.b/d'\n[[modules]]\nmodule = 'a.b/c' # c\n", "[[modules]]\nmodule = 'a.b/d'\n[[modules]]\nmodule = 'a.b/c' # c\n" + key + "\n"},
		{"http", "[plugins]\nhttp = { tag = 'v5' }\n", ""},
		{"kv", "[plugins.http]\ntag = 'v5'\n", ""},
	} {
		got, ok := Patches([]byte(tt.data), tt.name, list)
		if string(got) != tt.want || ok != (tt.want != "") {
			t.Errorf("%q: got\n%q\nwant\n%q", tt.data, got, tt.want)
		}
	}
	got, ok := Patches([]byte("[plugins.http]\npatches = 'x' # ours\ntag = 'v5'\n"), "http", nil)
	if string(got) != "[plugins.http]\n# ours\ntag = 'v5'\n" || !ok {
		t.Errorf("%q", got)
	}
}
