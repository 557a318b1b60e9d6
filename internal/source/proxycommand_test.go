package source

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/testkit"
)

// TestProxyCommand has a server that is reached by a program alone: what the
// program gets to know, and that it ends with the connection.
func TestProxyCommand(t *testing.T) {
	testkit.NeedsUnix(t, "ProxyCommand is a shell's")
	r := testkit.MustParse(t, testkit.ModuleArchive("a"))
	s := testkit.ServeSSH(t, testkit.SSHDOptions{Repos: testkit.WriteRepos(t, r)})
	dir := t.TempDir()
	script := filepath.Join(dir, "script")
	testkit.WriteFile(t, script, "cd '"+dir+"'\nenv >env\necho \"$$ $*\" >args\nexec "+s.Command()+"\n")
	env := testkit.Home(t, s, "Host nowhere\n\tHostName %h.invalid\n\tUser "+s.User+"\n\tProxyCommand sh '"+script+"' %% %h %n %p %r # a comment of the shell's\n")
	env["CORP_TOKEN"] = "secret"
	env["PATH"] = os.Getenv("PATH")
	testkit.WriteFile(t, filepath.Join(env["HOME"], ".ssh", "known_hosts"), testkit.KnownAs(s, "nowhere.invalid:29418"))
	c := newClient(t, Options{Env: env.Env})
	mustFind(t, c, Request{URL: "ssh://nowhere:29418/acme/a.git", Choose: tag("v1.0.0")}, r.Commit("v1.0.0"))
	if n := s.Connections(); n != 0 {
		t.Errorf("%d connections over TCP", n)
	}
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	pid, args, _ := strings.Cut(read("args"), " ")
	if want := "% nowhere.invalid nowhere 29418 " + s.User + "\n"; args != want {
		t.Errorf("arguments %q, want %q", args, want)
	}
	if got := read("env"); strings.Contains(got, "CORP_TOKEN") || !strings.Contains(got, "HOME="+env["HOME"]+"\n") {
		t.Errorf("environment:\n%s", got)
	}
	n, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatal(err)
	}
	process, err := os.FindProcess(n)
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the program is gone during the connection: %v", err)
	}
	c.Close()
	if err := process.Signal(syscall.Signal(0)); err == nil {
		t.Error("the program is there after the connection")
	}
}

// TestProxyCommandFails has programs that make no connection.
func TestProxyCommandFails(t *testing.T) {
	testkit.NeedsUnix(t, "ProxyCommand is a shell's")
	for _, tt := range []struct{ name, command, url, want string }{
		{"fails", "sh -c 'echo no route >&2; echo more >&2; exit 3'", "ssh://git@server/lib", "exit status 3: no route"},
		{"is not there", "/none/nc %h", "ssh://git@server/lib", "exit status 127: /bin/sh: 1: exec: /none/nc: not found"},
		{"ends at once", "true", "ssh://git@server/lib", "the program has ended"},
		{"hangs", "sleep 100", "ssh://git@server/lib", "no answer within 200ms"},
		{"a host for the shell", "touch %h", "git@a;touch$IFS:lib", `"a;touch$IFS" may not be put into a command`},
		{"a user for the shell", "touch %r", "ssh://a;b@server/lib", `"a;b" may not be put into a command`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			home := t.TempDir()
			file := filepath.Join(home, ".ssh", "config")
			testkit.WriteFile(t, file, "\nProxyCommand "+tt.command+"\n")
			patience := config.Patience{ConnectTimeout: time.Minute}
			if tt.name == "hangs" {
				patience.ConnectTimeout = 200 * time.Millisecond
			}
			c := newClient(t, Options{Env: testkit.Vars{"HOME": home}.Env, Git: config.Git{Patience: patience}})
			start := time.Now()
			_, err := c.Find(t.Context(), Request{URL: tt.url, Choose: refuse(t)})
			if err == nil {
				t.Fatal("no error")
			}
			if got, want := err.Error(), file+":2: ProxyCommand: "+tt.want; tt.name != "hangs" && !strings.HasSuffix(got, want) {
				t.Errorf("%s\nwant: %s", got, want)
			}
			if tt.name == "hangs" && !strings.HasSuffix(err.Error(), tt.want) {
				t.Errorf("%v\nwant: %s", err, tt.want)
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}
