package source

import (
	"path/filepath"
	"reflect"
	"testing"
)

func TestSSHConfig(t *testing.T) {
	home := t.TempDir()
	writeFile(t, filepath.Join(home, ".ssh", "config"), `
# The first value wins, as in ssh.
Host git.corp
	HostName ssh.%h
	User deploy
	Port 2222
	IdentityFile ~/.ssh/corp
	IdentityFile "%d/keys/%r@%n-%h-%p-%%"
	IdentitiesOnly yes
	ProxyJump bastion.corp
	HostKeyAlias corp-git
	UserKnownHostsFile ~/.ssh/corp_hosts /srv/known_hosts
Host bastion.corp
	user jumper
	identityagent ~/.ssh/agent.sock
Host *.lab !open.lab
	ProxyJump none
	User=lab
	IdentityAgent none
Host *
	User somebody
	ProxyJump everywhere.corp
	Port 2022

# Nobody can tell whether this matches, and what follows may be meant for it.
MATCH exec "true"
	HostKeyAlias never
Host later.corp
	HostKeyAlias never
`)
	config := readSSHConfig(vars{"HOME": home}.env)
	config.parts = config.parts[:1] // without the machine's own
	identities := []string{filepath.Join(home, ".ssh/corp"), filepath.Join(home, "keys/deploy@git.corp-ssh.git.corp-2222-%")}
	knownHosts := []string{filepath.Join(home, ".ssh/corp_hosts"), "/srv/known_hosts"}
	for _, tt := range []struct {
		url     string
		want    sshHost
		text    string
		addr    string
		keyName string
	}{
		{
			url: "git.corp:lib",
			want: sshHost{alias: "git.corp", name: "ssh.git.corp", port: "2222", user: "deploy", jump: "bastion.corp", keyAlias: "corp-git",
				identities: identities, only: true, knownHosts: knownHosts},
			text: "deploy@git.corp:2222", addr: "ssh.git.corp:2222", keyName: "corp-git:22",
		},
		{
			url: "ssh://git@git.corp:29418/lib", // a URL's own user and port win
			want: sshHost{alias: "git.corp", name: "ssh.git.corp", port: "29418", user: "git", jump: "bastion.corp", keyAlias: "corp-git",
				identities: []string{identities[0], filepath.Join(home, "keys/git@git.corp-ssh.git.corp-29418-%")}, only: true, knownHosts: knownHosts},
			text: "git@git.corp:29418", addr: "ssh.git.corp:29418", keyName: "corp-git:22",
		},
		{
			url: "ssh://bastion.corp/lib",
			want: sshHost{alias: "bastion.corp", name: "bastion.corp", port: "2022", user: "jumper", jump: "everywhere.corp",
				agent: "~/.ssh/agent.sock"},
			text: "jumper@bastion.corp:2022", addr: "bastion.corp:2022", keyName: "bastion.corp:2022",
		},
		{
			url:  "a.lab:lib",
			want: sshHost{alias: "a.lab", name: "a.lab", port: "2022", user: "lab", agent: "none"},
			text: "lab@a.lab:2022", addr: "a.lab:2022", keyName: "a.lab:2022",
		},
		{
			url:  "open.lab:lib",
			want: sshHost{alias: "open.lab", name: "open.lab", port: "2022", user: "somebody", jump: "everywhere.corp"},
			text: "somebody@open.lab:2022", addr: "open.lab:2022", keyName: "open.lab:2022",
		},
		{
			url:  "ssh://[::1]/lib",
			want: sshHost{alias: "::1", name: "::1", port: "2022", user: "somebody", jump: "everywhere.corp"},
			text: "somebody@::1:2022", addr: "[::1]:2022", keyName: "[::1]:2022",
		},
		{url: "cut.corp:lib", want: sshHost{alias: "cut.corp", name: "cut.corp", port: "2022", user: "somebody", jump: "everywhere.corp"},
			text: "somebody@cut.corp:2022", addr: "cut.corp:2022", keyName: "cut.corp:2022"},
		{url: "later.corp:lib", want: sshHost{alias: "later.corp", name: "later.corp", port: "2022", user: "somebody", jump: "everywhere.corp"},
			text: "somebody@later.corp:2022", addr: "later.corp:2022", keyName: "later.corp:2022"},
	} {
		r, err := ParseRemote(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		got := config.resolve(r, vars{}.env)
		for _, names := range [][]string{got.identities, got.knownHosts, tt.want.identities, tt.want.knownHosts} {
			for i := range names {
				names[i] = filepath.ToSlash(names[i])
			}
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s:\n%+v\nwant:\n%+v", tt.url, got, tt.want)
		}
		if got.String() != tt.text || got.addr() != tt.addr || got.keyName() != tt.keyName {
			t.Errorf("%s: %s, %s, %s; want %s, %s, %s", tt.url, got, got.addr(), got.keyName(), tt.text, tt.addr, tt.keyName)
		}
	}
}

// TestSSHUser has who logs in where neither URL nor config says.
func TestSSHUser(t *testing.T) {
	for _, tt := range []struct {
		env  vars
		url  string
		want string
	}{
		{vars{}, "git.corp:lib", "git@git.corp"},
		{vars{"USER": "ann"}, "git.corp:lib", "ann@git.corp"},
		{vars{"USER": "ann"}, "ci@git.corp:lib", "ci@git.corp"},
	} {
		r, err := ParseRemote(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		if got := (sshConfig{}).resolve(r, tt.env.env).String(); got != tt.want {
			t.Errorf("%v %s: %s, want %s", tt.env, tt.url, got, tt.want)
		}
	}
}

func TestParseJump(t *testing.T) {
	for _, tt := range []struct {
		in     string
		host   string
		before string
		err    string
	}{
		{in: "hop", host: "ssh://hop/"},
		{in: "ann@hop:2222", host: "ssh://ann@hop:2222/"},
		{in: "ssh://ann@hop:2222", host: "ssh://ann@hop:2222/"},
		{in: "[::1]:2222", host: "ssh://[::1]:2222/"},
		{in: "first, ann@second:22 ,third", host: "ssh://third/", before: "first, ann@second:22 "},
		{in: "first,", err: `ProxyJump "first," has no host`},
		{in: "ann@", err: `ProxyJump "ann@" has no host`},
		{in: "-oProxyCommand=x", err: `ProxyJump "-oProxyCommand=x" has no host`},
		{in: "ann@-x", err: `ProxyJump "ann@-x" has no host`},
	} {
		got, before, err := parseJump(tt.in)
		if tt.err != "" {
			if err == nil || err.Error() != tt.err {
				t.Errorf("%q: %v, want the error %s", tt.in, err, tt.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", tt.in, err)
		}
		if got.String() != tt.host || before != tt.before {
			t.Errorf("%q: %s before it %q, want %s before it %q", tt.in, got, before, tt.host, tt.before)
		}
	}
}

// TestSSHConfigInclude has files that name others, from the home directory that
// the options have.
func TestSSHConfigInclude(t *testing.T) {
	home := t.TempDir()
	for name, content := range map[string]string{
		"config": "Include ~/.ssh/first \"conf.d/*.conf\" none # more\nUser last\n" +
			"Host *.corp !open.corp\n\tInclude=corp\n\tPort 2200\nHost alone\n\tPort 2201\n\tinclude conf.d/more\n\tHostName alone.corp\n" +
			"Match all\n\tInclude never\n",
		"first":         "Host one.corp\n\tUser first\n",
		"conf.d/a.conf": "Host two.corp one.corp\n\tUser second\n",
		"conf.d/b.conf": "Host two.corp three.*\n\tUser third\n",
		"conf.d/more":   "IdentityFile ~/.ssh/more\nInclude " + filepath.Join(home, "absolute") + "\n",
		"../absolute":   "HostKeyAlias deep\nHost other\n\tHostKeyAlias other\n",
		"corp":          "HostKeyAlias of-corp\nHost open.corp elsewhere\n\tHostKeyAlias wrong\nHost two.corp\n\tPort 2222\nInclude corp\n",
		"never":         "HostKeyAlias never\n",
	} {
		writeFile(t, filepath.Join(home, ".ssh", name), content)
	}
	config := readSSHConfig(vars{"HOME": home}.env)
	for _, tt := range []struct {
		host string
		want sshHost
	}{
		{"one.corp", sshHost{name: "one.corp", user: "first", port: "2200", keyAlias: "of-corp"}},
		{"two.corp", sshHost{name: "two.corp", user: "second", port: "2222", keyAlias: "of-corp"}},
		{"three.corp", sshHost{name: "three.corp", user: "third", port: "2200", keyAlias: "of-corp"}},
		{"open.corp", sshHost{name: "open.corp", user: "last", port: "22"}},
		{"elsewhere", sshHost{name: "elsewhere", user: "last", port: "22"}},
		{"alone", sshHost{name: "alone.corp", user: "last", port: "2201", keyAlias: "deep", identities: []string{filepath.Join(home, ".ssh/more")}}},
		{"other", sshHost{name: "other", user: "last", port: "22"}},
	} {
		got := config.resolve(Remote{Scheme: "ssh", Host: tt.host}, vars{}.env)
		tt.want.alias = tt.host
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s:\n%+v\nwant:\n%+v", tt.host, got, tt.want)
		}
	}
}
