package signature

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/testkit"
)

// gitRepo is an empty repository whose git knows the keys in pgp and in signers.
type gitRepo struct {
	t   *testing.T
	dir string
	env []string
}

func newGitRepo(t *testing.T, pgp, signers string) *gitRepo {
	for _, program := range []string{"git", "gpg", "ssh-keygen"} {
		if _, err := exec.LookPath(program); err != nil {
			testkit.Check(t, &testkit.MissingError{Program: program, Install: program, Err: err})
		}
	}
	dir := t.TempDir()
	g := &gitRepo{t: t, dir: dir, env: []string{"GNUPGHOME=" + dir, "HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1"}}
	files := write(t, pgp, signers)
	for _, args := range [][]string{
		{"gpg", "--batch", "--quiet", "--import", files[0]},
		{"git", "init", "--quiet"},
		{"git", "config", "gpg.ssh.allowedSignersFile", files[1]},
	} {
		if out, err := g.run("", args...); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	return g
}

func (g *gitRepo) run(stdin string, args ...string) (string, error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env = g.dir, append(cmd.Environ(), g.env...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// verifies reports whether git takes an object's signature.
func (g *gitRepo) verifies(kind string, data []byte) bool {
	g.t.Helper()
	name, err := g.run(string(data), "git", "hash-object", "-t", kind, "-w", "--literally", "--stdin")
	if err != nil {
		g.t.Fatalf("%v\n%s", err, name)
	}
	out, err := g.run("", "git", "verify-"+kind, strings.TrimSpace(name))
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		g.t.Fatal(err)
	}
	g.t.Logf("git: %v\n%s", err, out)
	return err == nil
}

// TestAsGit has signatures in places where it matters which one counts. git has
// the same to say on each.
func TestAsGit(t *testing.T) {
	ann, annKey := sshKey(t, 1)
	ben := pgpKey(t, "ben", 0)
	ringed, signers := exported(t, true, ben), "ann@example.com "+annKey+"\n"
	keys := read(t, ringed, signers)
	g := newGitRepo(t, ringed, signers)
	bySSH, byPGP := withSSH(t, ann, "git"), withPGP(t, ben)
	quoted := func(begin string) string {
		return "It ends with\n\n" + begin + "\nAAAA\n" + strings.Replace(begin, "BEGIN", "END", 1) + "\n\n"
	}
	head := "object " + emptyTree + "\ntype tree\ntag v1.0.0\ntagger Ben <ben@example.com> 1772359200 +0000\n\nA release\n"
	signed := func(data string, all ...func([]byte) string) []byte {
		for _, sign := range all {
			data += sign([]byte(data))
		}
		return []byte(data)
	}
	fixed := func(s string) func([]byte) string { return func([]byte) string { return s } }
	asMessage := func(payload []byte) string { return strings.ReplaceAll(byPGP(payload), "PGP SIGNATURE", "PGP MESSAGE") }
	for _, tt := range []struct {
		name string
		data []byte
		good bool
	}{
		{"PGP", signed(head, byPGP), true},
		{"SSH", signed(head, bySSH), true},
		{"PGP behind a quoted SSH block", signed(head+quoted(sshBegin), byPGP), true},
		{"PGP behind a quoted PGP block", signed(head+quoted(pgpBegin), byPGP), true},
		{"PGP behind a quoted X.509 block", signed(head+quoted(x509Begin), byPGP), true},
		{"SSH behind a quoted PGP block", signed(head+quoted(pgpBegin), bySSH), true},
		{"SSH behind a PGP signature", signed(head, byPGP, bySSH), true},
		{"PGP behind an SSH signature", signed(head, bySSH, byPGP), true},
		{"a PGP signature before a quoted SSH block", signed(head, byPGP, fixed(quoted(sshBegin))), false},
		{"an SSH signature before a quoted PGP block", signed(head, bySSH, fixed(quoted(pgpBegin))), false},
		{"an SSH signature before an X.509 one", signed(head, bySSH, fixed(x509Begin+"\n")), false},
		{"an SSH signature, and a PGP block that is indented", signed(head+" "+pgpBegin+"\n", bySSH), true},
		{"a signature of other content", signed(head, fixed("more\n"), fixed(bySSH([]byte(head)))), false},
		{"PGP as an old gpg wrote it", signed(head, asMessage), true},
		{"none", []byte(head), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := ParseTag(tt.data)
			if err == nil {
				_, err = keys.Check(s)
			}
			if (err == nil) != tt.good {
				t.Errorf("%v, want good: %v", err, tt.good)
			}
			g.t = t
			if got := g.verifies("tag", tt.data); got != tt.good {
				t.Errorf("git takes it: %v", got)
			}
		})
	}
	payload := strings.Replace(string(commit(t, nil)), "parent "+strings.Repeat("a", 40)+"\n", "", 1)
	header := func(name, sig string) string {
		return name + " " + strings.ReplaceAll(strings.TrimRight(sig, "\n"), "\n", "\n ") + "\n"
	}
	own, other := header("gpgsig", bySSH([]byte(payload))), header("gpgsig-sha256", byPGP([]byte("something else")))
	for name, headers := range map[string]string{"before": other + own, "behind": own + other, "alone": own} {
		t.Run("a signature by the name in SHA-256, "+name, func(t *testing.T) {
			data := []byte(strings.Replace(payload, "\n\n", "\n"+headers+"\n", 1))
			s, err := ParseCommit(data)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := keys.Check(s); err != nil {
				t.Error(err)
			}
			if !bytes.Equal(s.Payload, []byte(payload)) {
				t.Errorf("payload:\n%s", s.Payload)
			}
			g.t = t
			if !g.verifies("commit", data) {
				t.Error("git does not take it")
			}
		})
	}
}

const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
