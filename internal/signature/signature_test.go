package signature

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"

	"github.com/vxlite/vxlite/internal/testkit"
)

// at is when the commits and tags here were made.
var at = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

// commit is one, signed by sign, which may be nil.
func commit(t *testing.T, sign func(payload []byte) string) []byte {
	t.Helper()
	head := "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nparent " + strings.Repeat("a", 40) + "\n" +
		fmt.Sprintf("author Ann <ann@example.com> 1 +0000\ncommitter Ben <ben@example.com> %d +0100\n", at.Unix())
	body := "\nA subject\n\nand -----BEGIN SSH SIGNATURE----- in the text\n"
	if sign == nil {
		return []byte(head + body)
	}
	lines := strings.ReplaceAll(strings.TrimRight(sign([]byte(head+body)), "\n"), "\n", "\n ")
	return []byte(head + "gpgsig " + lines + "\n" + body)
}

func tag(t *testing.T, sign func(payload []byte) string) []byte {
	t.Helper()
	data := "object " + strings.Repeat("b", 40) + "\ntype commit\ntag v1.0.0\n" + fmt.Sprintf("tagger Ben <ben@example.com> %d +0000\n\nA release\n", at.Unix())
	if sign != nil {
		data += sign([]byte(data))
	}
	return []byte(data)
}

// sshKey makes a key from a seed, the same each time.
func sshKey(t *testing.T, seed byte) (ssh.Signer, string) {
	t.Helper()
	s, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return s, "ssh-ed25519 " + base64.StdEncoding.EncodeToString(s.PublicKey().Marshal())
}

func withSSH(t *testing.T, s ssh.Signer, namespace string) func([]byte) string {
	return func(payload []byte) string {
		t.Helper()
		sig, err := sshsig.Sign(bytes.NewReader(payload), s, sshsig.HashSHA512, namespace)
		if err != nil {
			t.Fatal(err)
		}
		return string(sshsig.Armor(sig))
	}
}

// pgpKey makes a key that was made a day before, and lasts for so many days.
func pgpKey(t *testing.T, name string, days int) *openpgp.Entity {
	t.Helper()
	config := &packet.Config{Time: func() time.Time { return at.AddDate(0, 0, -1) }, KeyLifetimeSecs: uint32(days * 24 * 3600)}
	e, err := openpgp.NewEntity(name, "", name+"@example.com", config)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func withPGP(t *testing.T, e *openpgp.Entity) func([]byte) string {
	return func(payload []byte) string {
		t.Helper()
		var out bytes.Buffer
		if err := openpgp.ArmoredDetachSign(&out, e, bytes.NewReader(payload), &packet.Config{Time: func() time.Time { return at }}); err != nil {
			t.Fatal(err)
		}
		return out.String() + "\n"
	}
}

func exported(t *testing.T, armored bool, all ...*openpgp.Entity) string {
	t.Helper()
	var out bytes.Buffer
	for _, e := range all {
		if !armored {
			if err := e.Serialize(&out); err != nil {
				t.Fatal(err)
			}
			continue
		}
		w, err := armor.Encode(&out, openpgp.PublicKeyType, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(e.Serialize(w), w.Close()); err != nil {
			t.Fatal(err)
		}
		out.WriteString("\n")
	}
	return out.String()
}

func read(t *testing.T, files ...string) *Keys {
	t.Helper()
	k, err := ReadKeys(write(t, files...))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func write(t *testing.T, files ...string) []string {
	t.Helper()
	dir := t.TempDir()
	var names []string
	for i, data := range files {
		names = append(names, filepath.Join(dir, fmt.Sprint(i)))
		if err := os.WriteFile(names[i], []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return names
}

// check verifies a commit and a tag that were signed alike, and returns who
// signed or what is wrong. The two must agree.
func check(t *testing.T, k *Keys, sign func([]byte) string) string {
	t.Helper()
	var said []string
	for _, s := range []func() (Signed, error){
		func() (Signed, error) { return ParseCommit(commit(t, sign)) },
		func() (Signed, error) { return ParseTag(tag(t, sign)) },
	} {
		signed, err := s()
		if err != nil {
			t.Fatal(err)
		}
		if !signed.Time.Equal(at) {
			t.Errorf("time is %v", signed.Time)
		}
		who, err := k.Check(signed)
		if err != nil {
			who = err.Error()
		}
		said = append(said, who)
	}
	if said[0] != said[1] {
		t.Errorf("the commit: %s; the tag: %s", said[0], said[1])
	}
	return said[0]
}

func TestSSH(t *testing.T) {
	ann, annKey := sshKey(t, 1)
	eve, _ := sshKey(t, 2)
	fingerprint := ssh.FingerprintSHA256(ann.PublicKey())
	const refused = "is signed by SSH %s%s"
	for _, tt := range []struct{ name, line, namespace, want string }{
		{"allowed", "ann@example.com " + annKey, "git", "SSH " + fingerprint + " (ann@example.com)"},
		{"several principals", `"ann@example.com,*@corp" ` + annKey + " a comment", "git", "SSH " + fingerprint + " (ann@example.com,*@corp)"},
		{"for git", `ann namespaces="file,g*" ` + annKey, "git", "SSH " + fingerprint + " (ann)"},
		{"for files", `ann namespaces="file" ` + annKey, "git", fmt.Sprintf(refused, fingerprint, ` (ann), but the key is allowed for the namespaces "file" only`)},
		{"not for git", `ann namespaces="*,!git" ` + annKey, "git", fmt.Sprintf(refused, fingerprint, ` (ann), but the key is allowed for the namespaces "*,!git" only`)},
		{"in time", `ann valid-after="20260301",valid-before="202603011001Z" ` + annKey, "git", "SSH " + fingerprint + " (ann)"},
		{"too early", `ann valid-after="20260302Z" ` + annKey, "git", fmt.Sprintf(refused, fingerprint, " (ann), but on 2026-03-01, and the key is valid from 2026-03-02 on")},
		{"too late", `ann valid-before="20260301100000" ` + annKey, "git", fmt.Sprintf(refused, fingerprint, " (ann), but on 2026-03-01, and the key is valid until 2026-03-01")},
		{"signed as a file", "ann " + annKey, "file", fmt.Sprintf(refused, fingerprint, `, but for the namespace "file", not "git"`)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := check(t, read(t, "# allowed\n\n"+tt.line+"\n"), withSSH(t, ann, tt.namespace)); got != tt.want {
				t.Errorf("%s\nnot\n%s", got, tt.want)
			}
		})
	}
	k := read(t, "ann "+annKey+"\n")
	want := fmt.Sprintf("is signed by SSH %s, which is not among the allowed keys", ssh.FingerprintSHA256(eve.PublicKey()))
	if got := check(t, k, withSSH(t, eve, "git")); got != want {
		t.Errorf("%s, not %s", got, want)
	}
	other := func(payload []byte) string { return withSSH(t, ann, "git")([]byte("something else")) }
	if got, want := check(t, k, other), fmt.Sprintf(refused, fingerprint, ", but the signature is not of this content"); got != want {
		t.Errorf("%s, not %s", got, want)
	}
	if names := k.Names(); len(names) != 1 || names[0] != "SSH "+fingerprint+" (ann)" {
		t.Errorf("names are %q", names)
	}
}

func TestPGP(t *testing.T) {
	ann, ben, short := pgpKey(t, "ann", 0), pgpKey(t, "ben", 0), pgpKey(t, "short", 2)
	for name, k := range map[string]*Keys{
		"armoured": read(t, exported(t, true, ben, ann, short)),
		"binary":   read(t, exported(t, false, ben, ann, short)),
	} {
		if got, want := check(t, k, withPGP(t, ann)), pgpName(ann); got != want {
			t.Errorf("%s: %s, not %s", name, got, want)
		}
		// It had not expired then, and has by now.
		if got, want := check(t, k, withPGP(t, short)), pgpName(short); got != want {
			t.Errorf("%s: %s, not %s", name, got, want)
		}
		other := func(payload []byte) string { return withPGP(t, ann)([]byte("something else")) }
		if got, want := check(t, k, other), "is signed by "+pgpName(ann)+", but the signature is not of this content"; got != want {
			t.Errorf("%s: %s, not %s", name, got, want)
		}
	}
	k := read(t, exported(t, true, ben))
	want := "is signed by OpenPGP " + strings.Fields(pgpName(ann))[1] + ", which is not among the allowed keys"
	if got := check(t, k, withPGP(t, ann)); got != want {
		t.Errorf("%s, not %s", got, want)
	}
	var private bytes.Buffer
	if err := ben.SerializePrivate(&private, nil); err != nil {
		t.Fatal(err)
	}
	copies, err := openpgp.ReadKeyRing(&private)
	if err != nil {
		t.Fatal(err)
	}
	if err := ben.RevokeKey(packet.KeyCompromised, "lost", nil); err != nil {
		t.Fatal(err)
	}
	if got := check(t, read(t, exported(t, true, ben)), withPGP(t, copies[0])); !strings.Contains(got, "revoked") {
		t.Errorf("a revoked key: %s", got)
	}
}

func TestOthers(t *testing.T) {
	_, key := sshKey(t, 1)
	k := read(t, "ann "+key)
	for _, tt := range []struct{ sign, want string }{
		{"", "is not signed"},
		{x509Begin + "\nx\n-----END SIGNED MESSAGE-----\n", "is signed with X.509, and only OpenPGP and SSH are known here"},
	} {
		var sign func([]byte) string
		if tt.sign != "" {
			sign = func([]byte) string { return tt.sign }
		}
		if got := check(t, k, sign); got != tt.want {
			t.Errorf("%s, not %s", got, tt.want)
		}
	}
	for _, begin := range []string{sshBegin, pgpBegin} {
		got := check(t, k, func([]byte) string { return begin + "\nnonsense\n" })
		if !strings.Contains(got, "cannot be read") {
			t.Errorf("%s", got)
		}
	}
	if _, err := ParseTag([]byte("object x\n\n")); err == nil {
		t.Error("a tag without a name was taken")
	}
	if _, err := ParseCommit([]byte("tree x")); err == nil {
		t.Error("a commit without an end was taken")
	}
	twice := bytes.Replace(commit(t, func([]byte) string { return "a" }), []byte("gpgsig a\n"), []byte("gpgsig a\ngpgsig b\n"), 1)
	if _, err := ParseCommit(twice); err == nil {
		t.Error("a commit with two signatures was taken")
	}
}

func TestReadKeysErrors(t *testing.T) {
	_, key := sshKey(t, 1)
	for _, tt := range []struct{ data, want string }{
		{"ann\n", ":1: want principals, options and a key"},
		{key, ":1: a public key without its owner, want a line of allowed_signers, as in ssh-keygen(1)"},
		{"# one\nann nonsense\n", ":2: no public key behind ann"},
		{"ann cert-authority " + key, ":1: cert-authority: certificates are not supported, only keys"},
		{`ann valid-after="soon" ` + key, `:1: "soon" is not a time as 20260131 or 202601311504Z`},
		{"ann who-knows " + key, `:1: unknown option "who-knows"`},
		{"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nx\n", ": "},
		{"\x99", ": "},
	} {
		names := write(t, tt.data)
		_, err := ReadKeys(names)
		if err == nil || !strings.HasPrefix(err.Error(), "keys "+names[0]+tt.want) {
			t.Errorf("%q: %v, not %s", tt.data, err, tt.want)
		}
	}
	if _, err := ReadKeys([]string{"gone"}); err == nil || testkit.Unix(err.Error()) != "keys gone: no such file or directory" {
		t.Errorf("%v", err)
	}
}

// FuzzParse looks for what crashes, and for a payload that has the signature
// in it.
func FuzzParse(f *testing.F) {
	ann, _ := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32)))
	k := &Keys{ssh: []allowed{{principals: "ann", key: ann.PublicKey()}}}
	f.Add([]byte("tree x\ncommitter a <b> 1 +0000\ngpgsig -----BEGIN SSH SIGNATURE-----\n x\n\nmessage\n"))
	f.Add([]byte("object x\ntag y\ntagger a <b> 1 +0000\n\nm\n-----BEGIN PGP SIGNATURE-----\n\nx\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := ParseCommit(data); err == nil {
			if len(s.Payload)+len(s.Signature) > len(data) {
				t.Fatal("more than there was")
			}
			if _, err := k.Check(s); err == nil {
				t.Fatal("signed without the key")
			}
		}
		if s, err := ParseTag(data); err == nil {
			if _, err := k.Check(s); err == nil {
				t.Fatal("signed without the key")
			}
		}
	})
}
