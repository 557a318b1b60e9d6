package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vxlite/vxlite/internal/testkit"
)

// marker is a secret that must be seen nowhere, markers are the forms that it has
// on its way to a server.
const marker = "s3cret-of-ours"

var markers = []string{
	marker,
	base64.StdEncoding.EncodeToString([]byte("ci:" + marker)),
	base64.StdEncoding.EncodeToString([]byte(marker + ":")),
	base64.StdEncoding.EncodeToString([]byte(":" + marker)),
}

// secretPlace is where a secret can be: each prepares a home and a config.
type secretPlace struct {
	name    string
	config  string // lines of the config
	mirror  string // what stands between http:// and the host of [mirrors]
	env     []string
	home    map[string]string // files of the home; HOST is the server's
	helper  bool
	race    bool   // vxlite has the race detector; where a secret is changes nothing for it
	flag    bool   // the mirror is named by --mirror, and by nothing else
	opens   bool   // a server that asks for the secret is given it
	mayHave string // a variable in which a child may have it, as it is of use there
}

var secretPlaces = []secretPlace{
	{name: "credentials", race: true, opens: true, config: "[git.credentials.'127.0.0.1']\nusername = 'ci'\npassword = '" + marker + "'\n"},
	{name: "a variable", opens: true, config: "[git.credentials.'127.0.0.1']\nusername = 'ci'\npassword = '${CORP_TOKEN}'\n", env: []string{"CORP_TOKEN=" + marker}},
	{name: "a token", config: "[github]\nbase_url = 'http://127.0.0.1'\n[github.token]\ntoken = '" + marker + "'\n"},
	{name: "a mirror's password", opens: true, mirror: "ci:" + marker + "@"},
	{name: "a mirror's user", opens: true, mirror: marker + "@"},
	{name: "the flag for a mirror", opens: true, mirror: "ci:" + marker + "@", flag: true},
	{name: "insteadOf", opens: true, home: map[string]string{".gitconfig": "[url \"http://ci:" + marker + "@HOST/\"]\n\tinsteadOf = http://HOST/\n"}},
	{name: "netrc", opens: true, home: map[string]string{".netrc": "machine 127.0.0.1 login ci password " + marker + "\n"}},
	{name: "a credential helper", opens: true, helper: true},
	{name: "docker's config", home: map[string]string{".docker/config.json": `{"auths": {"HOST": {"auth": "` + markers[1] + `"}}}`}},
	{name: "GOPROXY", env: []string{"GOPROXY=http://ci:" + marker + "@127.0.0.1:1"}, mayHave: "GOPROXY="},
	{name: "a variable of no concern", env: []string{"AWS_SECRET_ACCESS_KEY=" + marker, "GIT_SSH_COMMAND=" + marker, "LD_PRELOAD_X=" + marker, "GOFLAGS_X=" + marker}},
}

// secretCommand is a command that is tried, with the flags that say most. OUT is
// a directory for what it makes, RR a binary, LOCK its lock, HOST the server.
type secretCommand struct {
	args []string
	// own says that it reads no config; mirror that it has --mirror.
	own, mirror bool
	// fails says that it fails where something else does.
	fails bool
	// local says that it asks no server of git's.
	local bool
	// waits says that it tries again for seconds where that may help.
	waits bool
	// whole has it run to its end, too, where all is well.
	whole bool
}

var secretCommands = []secretCommand{
	{args: []string{"build", "-v", "-x", "--sbom", "--provenance", "-o", "OUT/"}, mirror: true, fails: true, whole: true},
	{args: []string{"build", "--json", "-v", "-x", "-o", "OUT/"}, mirror: true, fails: true},
	{args: []string{"lock", "-v", "-x"}, mirror: true, fails: true, whole: true},
	{args: []string{"update", "-v", "-x"}, mirror: true, fails: true},
	{args: []string{"vendor", "-v", "-x", "-o", "OUT/vendor"}, mirror: true, fails: true, whole: true},
	{args: []string{"vendor", "--json", "-v", "-x", "-o", "OUT/vendor.tar.zst"}, mirror: true, fails: true},
	{args: []string{"mirror", "OUT/mirror", "-v", "-x"}, mirror: true, fails: true, whole: true},
	{args: []string{"check", "-v", "-x"}, mirror: true, fails: true},
	{args: []string{"graph", "-v", "-x", "-f", "json"}, mirror: true, fails: true},
	{args: []string{"workspace", "-v", "-x", "OUT/dev"}, mirror: true, whole: true},
	{args: []string{"workspace", "-v", "-x", "OUT/dev", "--clones", "logger"}, mirror: true, whole: true},
	{args: []string{"run", "-v", "-x", "--", "--version"}, mirror: true, fails: true},
	{args: []string{"sbom", "-v", "-x"}, mirror: true, fails: true, whole: true},
	{args: []string{"verify", "RR", "--lock", "LOCK", "-v", "-x"}, mirror: true, fails: true},
	{args: []string{"image", "-v", "-x", "-o", "OUT/image.tar"}, mirror: true, fails: true},
	{args: []string{"image", "-v", "-x", "--push", "HOST/team/rr:1", "RR"}, local: true, waits: true},
	{args: []string{"doctor", "-v", "-x"}, mirror: true, whole: true},
	{args: []string{"new", "plugin", "OUT/greeter", "--kind", "rpc", "-v", "-x"}, mirror: true},
	{args: []string{"init", "-v", "-x", "-c", "OUT/velox.toml"}, own: true, mirror: true, local: true, waits: true},
	{args: []string{"migrate"}, local: true},
	{args: []string{"migrate", "--dry-run"}, local: true},
	{args: []string{"inspect", "RR"}, own: true, mirror: true, local: true},
	{args: []string{"cache", "-v", "-x"}, local: true},
	{args: []string{"cache", "clean", "-v", "-x"}, local: true},
	{args: []string{"completion", "bash"}, own: true, local: true},
	{args: []string{completeWord, "vxlite", "build", "--with", ""}, own: true, local: true},
}

// TestSecrets runs every command in modes of failure, and some to their end, with
// a secret in each place that one can be in. It is in no output and in no file,
// and no program that is started gets it, but for the one that it is for.
//
// All of them are thousands of runs: without VXLITE_SECRETS=all two commands
// meet every mode of failure in every place, and the others one in each place, another
// in each; one runs to its end in every place, and the others in two or three.
func TestSecrets(t *testing.T) {
	w := newWorld(t)
	if w.http == nil {
		t.Skip("git is not installed")
	}
	s := newSecrets(t, w)
	all := os.Getenv("VXLITE_SECRETS") == "all"
	runs := 0
	for i, place := range secretPlaces {
		for j, command := range secretCommands {
			for k, mode := range secretModes {
				chosen := all || j < 2 || (k+i+j)%len(secretModes) == 0
				if mode.well {
					chosen = command.whole && place.opens && (all || j == 0 || (i+j)%3 == 0) || command.local
				}
				if !chosen || command.waits && mode.mayPass || command.local && command.own && !command.mirror && k > 0 {
					continue
				}
				runs++
				t.Run(place.name+", "+mode.name+", "+strings.Join(command.args[:min(2, len(command.args))], " "), func(t *testing.T) {
					t.Parallel()
					s.try(t, place, mode, command)
				})
			}
		}
	}
	t.Logf("%d runs", runs)
}

// secrets is what all these runs share.
type secrets struct {
	w              *world
	goCmd, program string
	rr, lock       string
}

func newSecrets(t *testing.T, w *world) *secrets {
	t.Helper()
	s := &secrets{w: w}
	var err error
	s.goCmd, err = exec.LookPath("go")
	testkit.Check(t, err)
	s.program = program(t)
	dir := t.TempDir()
	s.rr, s.lock = filepath.Join(dir, "rr"), filepath.Join(dir, "velox.lock")
	writeTestFile(t, filepath.Join(dir, "velox.toml"), "[roadrunner]\nref = 'v2025.1.15'\n[mirrors]\n'https://github.com/' = '"+w.repos+"/'\n"+secretPlugin)
	cmd := exec.CommandContext(t.Context(), "vxlite", "build", "-q")
	cmd.Dir = dir
	cmd.Env = append(w.goEnv(), "PATH="+os.Getenv("PATH"), "HOME="+testkit.TempHome(t), "TMPDIR="+dir, "VXLITE_CACHE="+filepath.Join(dir, "store"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return s
}

const secretPlugin = "[plugins.logger]\nmodule_name = 'github.com/roadrunner-server/logger/v5'\nref = 'v5.1.9'\n"

// try is one run.
func (s *secrets) try(t *testing.T, place secretPlace, mode secretMode, command secretCommand) {
	dir := t.TempDir()             // where the secret may not be
	planted := testkit.TempHome(t) // where it is
	host := "127.0.0.1:1"
	if mode.handler != nil {
		host = startSecretServer(t, mode.handler(s.w))
	}
	for name, text := range place.home {
		writeTestFile(t, filepath.Join(planted, name), strings.ReplaceAll(text, "HOST", host))
	}
	children := filepath.Join(dir, "children")
	bin := s.programs(t, dir, children, planted, place, mode)
	program := "vxlite"
	if !place.race {
		program = s.program
	}
	cmd := exec.CommandContext(t.Context(), program, s.args(t, dir, planted, host, place, mode, command)...)
	cmd.Dir = dir
	cmd.WaitDelay = time.Minute
	cmd.Env = slices.Concat(s.w.goEnv(), []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + planted, "TMPDIR=" + dir, "VXLITE_CACHE=" + filepath.Join(dir, "store")}, place.env)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	switch {
	case err == nil && !mode.well && command.fails:
		t.Errorf("it succeeds: %s", &out)
	case err != nil && mode.well && command.whole:
		t.Errorf("%v: %s", err, &out)
	}
	for _, m := range markers {
		if strings.Contains(out.String(), m) {
			t.Errorf("it says: %s", &out)
		}
	}
	noMarker(t, dir, children, place.mayHave)
}

// programs makes a directory with a go command and a git that note what they are
// given.
func (s *secrets) programs(t *testing.T, dir, children, planted string, place secretPlace, mode secretMode) (bin string) {
	t.Helper()
	bin = filepath.Join(dir, "bin")
	goCmd, git := "exec '"+s.goCmd+"' \"$@\"", "exit 1"
	if !mode.well {
		goCmd = "[ \"$1\" = env ] && " + goCmd + "\necho that is enough >&2\nexit 1"
	}
	if place.helper {
		git = "printf 'username=ci\\npassword=%s\\n' \"$(cat '" + planted + "/password')\""
		writeTestFile(t, filepath.Join(planted, "password"), marker)
	}
	for name, then := range map[string]string{"go": goCmd, "git": git} {
		file := filepath.Join(bin, name)
		writeTestFile(t, file, fmt.Sprintf("#!/bin/sh\n{ env; echo \"$@\"; } >> '%s'\n%s\n", children, then))
		if err := os.Chmod(file, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return bin
}

// args writes the config and completes a command's arguments.
func (s *secrets) args(t *testing.T, dir, planted, host string, place secretPlace, mode secretMode, command secretCommand) []string {
	t.Helper()
	mirror := "http://" + place.mirror + host + "/"
	mirrors := fmt.Sprintf("[mirrors]\n'https://github.com/' = '%s'\n", mirror)
	if place.flag {
		mirrors = ""
	}
	ref := mode.ref
	if ref == "" {
		ref = "v2025.1.15"
	}
	config := filepath.Join(planted, "velox.toml")
	writeTestFile(t, config, fmt.Sprintf("[roadrunner]\nref = %q\n[git]\nretries = 0\ntimeout = '%s'\n%s%s%s", ref, mode.timeout(), place.config, mirrors, secretPlugin))
	out := filepath.Join(dir, "out")
	if err := os.Mkdir(out, 0o755); err != nil {
		t.Fatal(err)
	}
	replace := strings.NewReplacer("OUT", out, "RR", s.rr, "LOCK", s.lock, "HOST", host)
	var args []string
	for _, a := range command.args {
		args = append(args, replace.Replace(a))
	}
	at := slices.Index(args, "--")
	if at < 0 {
		at = len(args)
	}
	if !command.own {
		args = slices.Insert(args, at, "-c", config)
	}
	if command.mirror && (place.flag || command.own) {
		args = slices.Insert(args, at, "--mirror", "https://github.com/="+mirror)
	}
	return args
}

// noMarker looks through all files below dir. A child may have the secret in the
// one variable that mayHave says.
func noMarker(t *testing.T, dir, children, mayHave string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(p)
		for _, m := range markers {
			if !bytes.Contains(data, []byte(m)) {
				continue
			}
			for line := range bytes.Lines(data) {
				if bytes.Contains(line, []byte(m)) && !(p == children && mayHave != "" && bytes.HasPrefix(line, []byte(mayHave))) {
					t.Errorf("%s has it: %s", p, line)
				}
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
