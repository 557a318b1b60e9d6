package openssh

import (
	"os/exec"
	"os/user"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/giturl"
	"github.com/vxlite/vxlite/internal/testkit"
)

func TestSSHConfig(t *testing.T) {
	home := t.TempDir()
	testkit.WriteFile(t, filepath.Join(home, ".ssh", "config"), `
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

# No program is run to tell whether this matches.
MATCH exec "true"
	HostKeyAlias never
Host later.corp
	HostKeyAlias later
`)
	config := ReadConfig(testkit.Vars{"HOME": home}.Env)
	config.files = config.files[:1] // without the machine's own
	identities := []string{filepath.Join(home, ".ssh/corp"), filepath.Join(home, "keys/deploy@git.corp-ssh.git.corp-2222-%")}
	knownHosts := []string{filepath.Join(home, ".ssh/corp_hosts"), "/srv/known_hosts"}
	for _, tt := range []struct {
		url     string
		want    Host
		text    string
		addr    string
		keyName string
	}{
		{
			url: "git.corp:lib",
			want: Host{Alias: "git.corp", Name: "ssh.git.corp", Port: "2222", User: "deploy", Jump: "bastion.corp", keyAlias: "corp-git",
				Identities: identities, IdentitiesOnly: true, knownHosts: knownHosts},
			text: "deploy@git.corp:2222", addr: "ssh.git.corp:2222", keyName: "corp-git",
		},
		{
			url: "ssh://git@git.corp:29418/lib", // a URL's own user and port win
			want: Host{Alias: "git.corp", Name: "ssh.git.corp", Port: "29418", User: "git", Jump: "bastion.corp", keyAlias: "corp-git",
				Identities: []string{identities[0], filepath.Join(home, "keys/git@git.corp-ssh.git.corp-29418-%")}, IdentitiesOnly: true, knownHosts: knownHosts},
			text: "git@git.corp:29418", addr: "ssh.git.corp:29418", keyName: "corp-git",
		},
		{
			url: "ssh://bastion.corp/lib",
			want: Host{Alias: "bastion.corp", Name: "bastion.corp", Port: "2022", User: "jumper", Jump: "everywhere.corp",
				Agent: filepath.Join(home, ".ssh/agent.sock")},
			text: "jumper@bastion.corp:2022", addr: "bastion.corp:2022", keyName: "[bastion.corp]:2022",
		},
		{
			url:  "a.lab:lib",
			want: Host{Alias: "a.lab", Name: "a.lab", Port: "2022", User: "lab", Agent: "none"},
			text: "lab@a.lab:2022", addr: "a.lab:2022", keyName: "[a.lab]:2022",
		},
		{
			url:  "open.lab:lib",
			want: Host{Alias: "open.lab", Name: "open.lab", Port: "2022", User: "somebody", Jump: "everywhere.corp"},
			text: "somebody@open.lab:2022", addr: "open.lab:2022", keyName: "[open.lab]:2022",
		},
		{
			url:  "ssh://[::1]/lib",
			want: Host{Alias: "::1", Name: "::1", Port: "2022", User: "somebody", Jump: "everywhere.corp"},
			text: "somebody@::1:2022", addr: "[::1]:2022", keyName: "[::1]:2022",
		},
		{url: "cut.corp:lib", want: Host{Alias: "cut.corp", Name: "cut.corp", Port: "2022", User: "somebody", Jump: "everywhere.corp"},
			text: "somebody@cut.corp:2022", addr: "cut.corp:2022", keyName: "[cut.corp]:2022"},
		{url: "later.corp:lib", want: Host{Alias: "later.corp", Name: "later.corp", Port: "2022", User: "somebody", Jump: "everywhere.corp", keyAlias: "later"},
			text: "somebody@later.corp:2022", addr: "later.corp:2022", keyName: "later"},
	} {
		r, err := giturl.Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		got := config.Resolve(r)
		if want := (giturl.Unused{What: filepath.Join(home, ".ssh", "config") + ":26: Match exec", SSH: true}); len(got.Unused) != 1 || got.Unused[0] != want {
			t.Errorf("%s: not used: %v, want %v", tt.url, got.Unused, want)
		}
		got.Unused = nil
		for _, names := range [][]string{got.Identities, got.knownHosts, tt.want.Identities, tt.want.knownHosts} {
			for i := range names {
				names[i] = filepath.ToSlash(names[i])
			}
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s:\n%#v\nwant:\n%#v", tt.url, got, tt.want)
		}
		if got.String() != tt.text || got.Addr() != tt.addr || got.keyName() != tt.keyName {
			t.Errorf("%s: %s, %s, %s; want %s, %s, %s", tt.url, got, got.Addr(), got.keyName(), tt.text, tt.addr, tt.keyName)
		}
	}
}

// TestSSHUser has who logs in where neither URL nor config says: as in ssh, the
// user whom the system knows, whatever the environment has.
func TestSSHUser(t *testing.T) {
	known := func(name string) func() (*user.User, error) {
		return func() (*user.User, error) { return &user.User{Username: name}, nil }
	}
	unknown := func() (*user.User, error) { return nil, user.UnknownUserIdError(12345) }
	for _, tt := range []struct {
		current func() (*user.User, error)
		env     testkit.Vars
		url     string
		want    string
	}{
		{known("ann"), testkit.Vars{}, "git.corp:lib", "ann@git.corp"},
		{known("ann"), testkit.Vars{"USER": "root"}, "git.corp:lib", "ann@git.corp"},
		{known(`CORP\ann`), testkit.Vars{}, "git.corp:lib", "ann@git.corp"},
		{known("ann"), testkit.Vars{}, "ci@git.corp:lib", "ci@git.corp"},
		{unknown, testkit.Vars{"USER": "ann"}, "git.corp:lib", "ann@git.corp"},
		{unknown, testkit.Vars{}, "git.corp:lib", "@git.corp"},
	} {
		r, err := giturl.Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		got := Config{env: tt.env.Env, local: localUser(tt.current, tt.env.Env)}.Resolve(r)
		if got.String() != tt.want || got.AsLocal != (r.User == "") {
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
		got, before, err := ParseJump(tt.in)
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
			"Match all\n\tInclude later\n",
		"first":         "Host one.corp\n\tUser first\n",
		"conf.d/a.conf": "Host two.corp one.corp\n\tUser second\n",
		"conf.d/b.conf": "Host two.corp three.*\n\tUser third\n",
		"conf.d/more":   "IdentityFile ~/.ssh/more\nInclude " + filepath.Join(home, "absolute") + "\n",
		"../absolute":   "HostKeyAlias deep\nHost other\n\tHostKeyAlias other\n",
		"corp":          "HostKeyAlias of-corp\nHost open.corp elsewhere\n\tHostKeyAlias wrong\nHost two.corp\n\tPort 2222\nInclude corp\n",
		"later":         "IdentityAgent none\n",
	} {
		testkit.WriteFile(t, filepath.Join(home, ".ssh", name), content)
	}
	config := ReadConfig(testkit.Vars{"HOME": home}.Env)
	for _, tt := range []struct {
		host string
		want Host
	}{
		{"one.corp", Host{Name: "one.corp", User: "first", Port: "2200", keyAlias: "of-corp"}},
		{"two.corp", Host{Name: "two.corp", User: "second", Port: "2222", keyAlias: "of-corp"}},
		{"three.corp", Host{Name: "three.corp", User: "third", Port: "2200", keyAlias: "of-corp"}},
		{"open.corp", Host{Name: "open.corp", User: "last", Port: "22"}},
		{"elsewhere", Host{Name: "elsewhere", User: "last", Port: "22"}},
		{"alone", Host{Name: "alone.corp", User: "last", Port: "2201", keyAlias: "deep", Identities: []string{filepath.Join(home, ".ssh/more")}}},
		{"other", Host{Name: "other", User: "last", Port: "22"}},
	} {
		got := config.Resolve(giturl.Remote{Scheme: "ssh", Host: tt.host})
		tt.want.Alias, tt.want.Agent = tt.host, "none"
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s:\n%#v\nwant:\n%#v", tt.host, got, tt.want)
		}
	}
}

// TestSSHConfigAsOpenSSH asks OpenSSH's client what it makes of each config.
func TestSSHConfigAsOpenSSH(t *testing.T) {
	program, err := exec.LookPath("ssh")
	if err != nil {
		testkit.Check(t, &testkit.MissingError{Program: "ssh", Install: "OpenSSH's client (openssh-client)", Err: err})
	}
	who, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	testkit.WriteFile(t, filepath.Join(dir, "a.inc"), "User included\nMatch host b\n\tPort 11\nHost c\n\tPort 12\n")
	hosts := []string{"a", "b", "c", "git.corp", "ann@git.corp", "git.corp:2200", "GIT.Corp", "x.y.corp", "172.16.1.1"}
	for name, text := range map[string]string{
		"first value wins":      "Host a\n\tPort 1\n\tPort 2\nHost *\n\tPort 3\n\tUser u\n",
		"patterns":              "Host *.corp !x.*\n\tPort 1\nHost ?\n\tPort 2\nHost !a *\n\tPort 3\nHost !git.corp\n\tPort 4\n",
		"written otherwise":     "HOST=a\n\tport = 1\n  HostName\t\"h 1\" # more\nhost \"b\" 'c'\n\tUser=\"u v\"\n#\n\n  # Port 9\nHost git\\.corp \"#\" # *\n\tPort 5\n",
		"HostName":              "Host a\n\tHostName %h.Corp\nHost b\n\tHostName 100%%.corp\n",
		"Match all":             "Match all\n\tPort 7\n\tUser all\n",
		"Match host":            "Host a\n\tHostName x.corp\nMatch host x.corp\n\tPort 1\nMatch host a,b\n\tPort 2\nMatch host *.corp,!git.*\n\tPort 3\n",
		"Match host, case":      "Match host git.corp\n\tPort 1\nMatch host GIT.corp\n\tPort 2\nMatch originalhost GIT.Corp\n\tPort 3\nHost git.corp\n\tUser small\n",
		"Match in capitals":     "Match host GIT.corp\n\tUser foo\nMatch originalhost GIT.Corp\n\tPort 3\nMatch host A user *\n\tPort 4\n",
		"Match originalhost":    "Host a\n\tHostName x.corp\nMatch originalhost a\n\tPort 1\nMatch originalhost x.corp\n\tPort 2\n",
		"Match user":            "Match user ann\n\tPort 1\nMatch user " + who.Username + " host a\n\tPort 2\nHost b\n\tUser bob\nMatch user bob\n\tPort 3\nMatch !user bob host *\n\tPort 4\n",
		"Match localuser":       "Match localuser " + who.Username + "\n\tPort 1\nMatch localuser nobody-else\n\tUser n\nMatch !localuser nobody-else\n\tUser m\n",
		"Match negated":         "Match !host a\n\tPort 1\nMatch !originalhost b user *\n\tUser nb\n",
		"Match with equals":     "Match host=a\n\tPort 1\nMatch originalhost=b user=*\n\tPort 2\n",
		"Match with a comment":  "Match host a # b\n\tPort 1\n",
		"Match with quotes":     "Match host \"a,b\"\n\tPort 1\n",
		"Match final":           "Host a\n\tHostName x.corp\nMatch final host x.corp\n\tPort 1\n\tIdentityFile late\nHost x.corp\n\tUser second\nHost a\n\tUser third\n\tIdentityFile early\n",
		"Match canonical":       "Match canonical\n\tPort 1\nMatch !canonical host a\n\tPort 2\n",
		"Match canonical final": "Match canonical host a\n\tPort 1\nMatch !final\n\tUser first\nMatch final all\n\tUser second\n",
		"Include":               "Include " + dir + "/a.inc\nPort 13\nHost b c\n\tUser later\n",
		"Include in a block":    "Host b\n\tInclude " + dir + "/a.inc\n\tHostKeyAlias still-b\nHost *\n\tPort 14\n",
		"Include in a Match":    "Match host c\n\tInclude \"" + dir + "/*.inc\" " + dir + "/none\nHost *\n\tPort 14\n",
		"identities":            "Host a\n\tIdentityFile one\n\tIdentityFile \"two two\"\n\tIdentityFile one\nHost *\n\tIdentityFile three\n\tIdentitiesOnly yes\nHost b\n\tIdentitiesOnly no\n",
		"no identities":         "IdentityFile none\nIdentitiesOnly true\n",
		"known hosts":           "Host a\n\tUserKnownHostsFile /one \"/two two\" ~/three\n\tUserKnownHostsFile /four\nHost b\n\tUserKnownHostsFile none\n\tGlobalKnownHostsFile /dev/null\nHost c\n\tUserKnownHostsFile /dev/null\n\tGlobalKnownHostsFile /five /six\n",
		"tokens":                "HostKeyAlias alias\nHostName host.%h\nUser deploy\nUserKnownHostsFile /d=%d/h=%h/i=%i/k=%k/L=%L/l=%l/n=%n/p=%p/r=%r/u=%u/100%% ~/x/${VAR}/%u\n",
		"tokens without alias":  "HostName host.%h\nUserKnownHostsFile /k=%k/%r\nIdentityAgent ~/%r.sock\n",
		"agent":                 "Host a\n\tIdentityAgent none\nHost b\n\tIdentityAgent SSH_AUTH_SOCK\nHost c\n\tIdentityAgent ${VAR}/%u\n",
		"ProxyJump":             "Host a\n\tProxyJump ann@hop:22,last\n\tProxyCommand never\nHost b\n\tProxyJump none\nHost *\n\tProxyJump other\n",
		"ProxyCommand":          "Host a\n\tProxyCommand nc -x \"a b\" %h %p # what a shell takes for a comment\n\tProxyJump never\nHost b\n\tProxyCommand none\nHost *\n\tProxyCommand=other %%\n",
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "config")
			testkit.WriteFile(t, file, text)
			env := testkit.Vars{"HOME": who.HomeDir, "VAR": "value"}
			config := Config{env: env.Env, home: who.HomeDir, local: who.Username}
			config.files = [][]ConfigLine{config.read(file, who.HomeDir, 0)}
			for _, host := range hosts {
				r, err := giturl.Parse("ssh://" + host + "/x")
				if err != nil {
					t.Fatal(err)
				}
				h := config.Resolve(r)
				args := []string{"-G", "-F", file}
				if r.Port != "" {
					args = append(args, "-p", r.Port)
				}
				if r.User != "" {
					args = append(args, "-l", r.User)
				}
				cmd := exec.CommandContext(t.Context(), program, append(args, r.Host)...)
				cmd.Env = append(cmd.Environ(), "VAR=value")
				out, err := cmd.Output()
				if err != nil {
					t.Fatalf("ssh -G: %v\n%s", err, err.(*exec.ExitError).Stderr)
				}
				want := map[string][]string{}
				for line := range strings.Lines(string(out)) {
					keyword, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
					want[keyword] = append(want[keyword], value)
				}
				for keyword, got := range map[string]string{
					"hostname": h.Name, "user": h.User, "port": h.Port, "hostkeyalias": h.keyAlias, "identityagent": h.Agent,
					"proxyjump": h.Jump, "proxycommand": h.Proxy.rest, "identitiesonly": map[bool]string{true: "yes", false: "no"}[h.IdentitiesOnly],
					"userknownhostsfile": list(h.knownHosts, knownHostsFiles(Host{globalKnownHosts: []string{}}, who.HomeDir)), "globalknownhostsfile": list(h.globalKnownHosts, knownHostsFiles(Host{}, "")),
					"identityfile": list(h.Identities, nil),
				} {
					wanted := strings.Join(want[keyword], " ")
					if keyword == "identityfile" && h.Identities == nil && strings.HasPrefix(wanted, "~/.ssh/id_rsa ") {
						continue // the usual ones, of which some are of kinds that are not supported
					}
					if got != wanted {
						t.Errorf("%s: %s is %q, OpenSSH has %q", host, keyword, got, wanted)
					}
				}
			}
		})
	}
}

func list(files, usual []string) string {
	if files == nil {
		files = usual
	} else if len(files) == 0 {
		return "none"
	}
	return strings.Join(files, " ")
}
