package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// marker is a secret that must be seen nowhere.
const marker = "s3cret-of-ours"

// secretPlace is where a secret can be: each prepares a home and a config.
type secretPlace struct {
	name    string
	config  string // lines of the config
	mirror  string // what stands between http:// and the host
	env     []string
	netrc   bool
	helper  bool
	mayHave string // a variable in which a child may have it, as it is of use there
}

var secretPlaces = []secretPlace{
	{name: "credentials", config: "[git.credentials.'127.0.0.1']\nusername = 'ci'\npassword = '" + marker + "'\n"},
	{name: "a variable", config: "[git.credentials.'127.0.0.1']\nusername = 'ci'\npassword = '${CORP_TOKEN}'\n", env: []string{"CORP_TOKEN=" + marker}},
	{name: "a token", config: "[github]\nbase_url = 'http://127.0.0.1'\n[github.token]\ntoken = '" + marker + "'\n"},
	{name: "a mirror's password", mirror: "ci:" + marker + "@"},
	{name: "a mirror's user", mirror: marker + "@"},
	{name: "netrc", netrc: true},
	{name: "a credential helper", helper: true},
	{name: "GOPROXY", env: []string{"GOPROXY=http://ci:" + marker + "@127.0.0.1:1"}, mayHave: "GOPROXY="},
	{name: "a variable of no concern", env: []string{"AWS_SECRET_ACCESS_KEY=" + marker, "GIT_SSH_COMMAND=" + marker, "LD_PRELOAD_X=" + marker, "GOFLAGS_X=" + marker}},
}

// secretModes are the ways in which a run ends.
var secretModes = []struct {
	name    string
	handler func(w *world) http.Handler // nil for nobody there
	ref     string
}{
	{"nobody there", nil, "v2025.1.15"},
	{"401", func(*world) http.Handler { return always(401) }, "v2025.1.15"},
	{"403", func(*world) http.Handler { return always(403) }, "v2025.1.15"},
	{"404", func(*world) http.Handler { return always(404) }, "v2025.1.15"},
	{"500", func(*world) http.Handler { return always(500) }, "v2025.1.15"},
	{"a redirect", func(*world) http.Handler { return http.RedirectHandler("http://localhost:1/else", http.StatusFound) }, "v2025.1.15"},
	{"silence", func(*world) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	}, "v2025.1.15"},
	{"half a pack", halfPack, "v2025.1.15"},
	{"no such ref", openBackend, "v9.9.9"},
	{"go refuses", openBackend, "v2025.1.15"},
}

func always(status int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
}

// openBackend lets everybody in, by the credentials of the one who may.
func openBackend(w *world) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		r.SetBasicAuth(httpUser, httpPassword)
		w.http.ServeHTTP(rw, r)
	})
}

func halfPack(w *world) http.Handler {
	next := openBackend(w)
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			next.ServeHTTP(rw, r)
			return
		}
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		rw.Header().Set("Content-Type", rec.Header().Get("Content-Type"))
		_, _ = rw.Write(rec.Body.Bytes()[:rec.Body.Len()/2])
		panic(http.ErrAbortHandler)
	})
}

// secretCommands are the commands that are tried, each with flags that say most.
var secretCommands = [][]string{
	{"build", "-v", "-x", "-o", "out/"},
	{"build", "--json", "-v", "-x", "-o", "out/"},
	{"lock", "-v", "-x"},
	{"update", "-v", "-x"},
}

// TestSecrets runs every command in every mode of failure with a secret in each
// place that one can be in. It is in no output and in no file, and no program
// that is started gets it, but for the one that it is for.
func TestSecrets(t *testing.T) {
	w := newWorld(t)
	if w.http == nil {
		t.Skip("git is not installed")
	}
	runs := 0
	for _, place := range secretPlaces {
		for _, mode := range secretModes {
			for _, args := range secretCommands {
				runs++
				t.Run(place.name+", "+mode.name+", "+strings.Join(args[:2], " "), func(t *testing.T) {
					t.Parallel()
					host := "127.0.0.1:1"
					if mode.handler != nil {
						s := httptest.NewServer(mode.handler(w))
						s.Config.ErrorLog = nil
						t.Cleanup(s.Close)
						host = strings.TrimPrefix(s.URL, "http://")
					}
					trySecret(t, place, mode.ref, host, args)
				})
			}
		}
	}
	t.Logf("%d runs", runs)
}

func trySecret(t *testing.T, place secretPlace, ref, host string, args []string) {
	dir := t.TempDir()
	planted := t.TempDir() // where the secret is allowed to be
	bin := filepath.Join(dir, "bin")
	seen := filepath.Join(dir, "children")
	writeTestFile(t, filepath.Join(bin, "go"), fmt.Sprintf("#!/bin/sh\n{ env; echo \"$@\"; } >> '%s'\nexec '%s/go' \"$@\"\n", seen, refusingGo(t)))
	git := "exit 1"
	if place.helper {
		git = "printf 'username=ci\\npassword=%s\\n' \"$(cat '" + planted + "/password')\""
		writeTestFile(t, filepath.Join(planted, "password"), marker)
	}
	writeTestFile(t, filepath.Join(bin, "git"), fmt.Sprintf("#!/bin/sh\n{ env; echo \"$@\"; } >> '%s'\n%s\n", seen, git))
	for _, name := range []string{"go", "git"} {
		if err := os.Chmod(filepath.Join(bin, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if place.netrc {
		writeTestFile(t, filepath.Join(planted, ".netrc"), "machine 127.0.0.1 login ci password "+marker+"\n")
	}
	config := filepath.Join(planted, "velox.toml")
	writeTestFile(t, config, fmt.Sprintf("[roadrunner]\nref = %q\n[git]\nretries = 0\ntimeout = '100ms'\n%s[mirrors]\n'https://github.com/' = 'http://%s%s/'\n'http://127.0.0.1/' = 'http://%s/'\n"+
		"[plugins.logger]\nmodule_name = 'github.com/roadrunner-server/logger/v5'\nref = 'v5.1.9'\n", ref, place.config, place.mirror, host, host))
	cmd := exec.CommandContext(t.Context(), "vxlite", append(args, "-c", config)...)
	cmd.Dir = dir
	cmd.WaitDelay = time.Minute
	cmd.Env = append([]string{"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + planted, "GOENV=off", "TMPDIR=" + dir, "VXLITE_CACHE=" + filepath.Join(dir, "store")}, place.env...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err == nil {
		t.Errorf("it succeeds: %s", &out)
	}
	if strings.Contains(out.String(), marker) {
		t.Errorf("it says: %s", &out)
	}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(p)
		for line := range strings.Lines(string(data)) {
			if strings.Contains(line, marker) && !(p == seen && place.mayHave != "" && strings.HasPrefix(line, place.mayHave)) {
				t.Errorf("%s has it: %s", p, line)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
