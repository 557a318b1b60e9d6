package config

import "testing"

func TestSplitUser(t *testing.T) {
	for _, tt := range []struct {
		in       string
		want     URLCredential
		hasLogin bool
	}{
		{"https://git.corp/x", URLCredential{URL: "https://git.corp/x"}, false},
		{"https://ann:pw@git.corp/x", URLCredential{URL: "https://git.corp/x", Username: "ann", Password: "pw"}, true},
		{"HTTP://ann:pw@Git.CORP:8080/X", URLCredential{URL: "http://git.corp:8080/X", Username: "ann", Password: "pw"}, true},
		{"HTTPS://Git.CORP", URLCredential{URL: "https://git.corp"}, false},
		{"https://Ann%40corp:P%3aw%25@git.corp/x@y", URLCredential{URL: "https://git.corp/x@y", Username: "Ann@corp", Password: "P:w%"}, true},
		{"https://t0ken@git.corp/", URLCredential{URL: "https://git.corp/", Username: "t0ken"}, true},
		{"https://[FE80::1]/X", URLCredential{URL: "https://[fe80::1]/X"}, false},
		{"SSH://Ann@Alias/X", URLCredential{URL: "ssh://Ann@Alias/X"}, false},
		{"Git@Alias:X", URLCredential{URL: "Git@Alias:X"}, false},
		{"/Srv/a://b", URLCredential{URL: "/Srv/a://b"}, false},
	} {
		got, ok := SplitUser(tt.in)
		if got != tt.want || ok != tt.hasLogin {
			t.Errorf("%s: %+v, %v; want %+v, %v", tt.in, got, ok, tt.want, tt.hasLogin)
		}
	}
}

func TestCutSCP(t *testing.T) {
	for _, tt := range []struct{ in, host, path string }{
		{"git@git.corp:a:b", "git@git.corp", "a:b"},
		{"git@[::1]:a/b", "git@::1", "a/b"},
		{"[git.corp:22]:/a", "git.corp:22", "/a"},
		{"git.corp:[a]:b", "git.corp", "[a]:b"},
		{"git@[::1", "git@[", ":1"},
	} {
		if host, path, _ := CutSCP(tt.in); host != tt.host || path != tt.path {
			t.Errorf("%s: %q and %q, want %q and %q", tt.in, host, path, tt.host, tt.path)
		}
	}
}
