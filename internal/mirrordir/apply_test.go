package mirrordir

import (
	"bytes"
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/archive"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/testkit"
)

// unpacked is what a bundle has, by name.
func unpacked(t testing.TB, file string) map[string]string {
	t.Helper()
	f, err := disk.Open(file)
	must(t, err)
	defer f.Close()
	dir := t.TempDir()
	c, err := form.Unpack(t.Context(), file, f, dir, nil)
	must(t, err)
	out := map[string]string{}
	for name := range c.Sums {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		must(t, err)
		out[name] = string(data)
	}
	return out
}

// packed makes a bundle of these files, whatever they are.
func packed(t testing.TB, files map[string]string) []byte {
	t.Helper()
	list := archive.List{}
	for name, data := range files {
		list[name] = sumOf([]byte(data))
	}
	var b bytes.Buffer
	p, err := form.NewPacker(&b)
	must(t, err)
	must(t, p.Write(ListFile, list.Format()))
	for _, name := range list.Names() {
		must(t, p.Write(name, []byte(files[name])))
	}
	must(t, p.Close())
	return b.Bytes()
}

// TestBase applies the second bundle of a repository with a history to a mirror that
// has lost the first one's commit: in the bundle it is known to be cut off there, or
// it is refused.
func TestBase(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	grow := func(parent string) string {
		m, err := Open(t.Context(), outside, Make, noSink)
		must(t, err)
		defer m.Close()
		must(t, m.Begin())
		commit := addCommit(t, m.Path(aRepo.Path), parent)
		must(t, m.Finish(t.Context(), State{Layout: DefaultLayout, Repositories: []Repository{aRepo}}))
		return commit
	}
	first := grow("")
	whole := bundle(t, outside, 1)
	second := grow(first)
	inside := filepath.Join(t.TempDir(), "inside")
	_, err := Apply(t.Context(), inside, whole, defaults)
	must(t, err)
	must(t, os.CopyFS(inside+"-good", os.DirFS(inside)))
	pack := onePack(t, inside)
	must(t, os.Remove(pack))
	must(t, os.Remove(strings.TrimSuffix(pack, ".pack")+".idx"))
	next := bundle(t, outside, 2)
	data, err := os.ReadFile(next)
	must(t, err)
	lacks := refused(t, inside, data, defaults, "FILE: INSIDE/"+aRepo.Path+" lacks "+first+", which "+second+" in the bundle is based on")
	testkit.WantError(t, lacks, lacks.Error(), "the mirror was pruned after the bundle before was applied, or is damaged: write a whole bundle, without --since-bundle")
	files := unpacked(t, next)
	files[aRepo.Path+"/shallow"] = second + "\n"
	file := filepath.Join(t.TempDir(), "shallow.tar.zst")
	testkit.WriteFile(t, file, string(packed(t, files)))
	_, err = Apply(t.Context(), inside, file, defaults)
	must(t, err)
	_, err = Apply(t.Context(), inside+"-good", next, defaults)
	must(t, err)
}

// packName is the name of a pack of that content.
func packName(content string) string {
	return fmt.Sprintf("/objects/pack/pack-%x.pack", sha1.Sum([]byte(content)))
}

// TestApplyRefused has bundles that no vxlite wrote, and mirrors that they do not fit.
// Nothing is changed by any of them.
func TestApplyRefused(t *testing.T) {
	outside, inside := filepath.Join(t.TempDir(), "outside"), filepath.Join(t.TempDir(), "inside")
	fill(t, outside, 1)
	whole := unpacked(t, bundle(t, outside, 1))
	fill(t, outside, 2)
	good := unpacked(t, bundle(t, outside, 2))
	file := filepath.Join(t.TempDir(), "whole.tar.zst")
	testkit.WriteFile(t, file, string(packed(t, whole)))
	_, err := Apply(t.Context(), inside, file, defaults)
	must(t, err)
	pack := ""
	for name := range good {
		if strings.HasPrefix(name, aRepo.Path) && strings.HasSuffix(name, ".pack") {
			pack = name
		}
	}
	refs := aRepo.Path + "/packed-refs"
	none := strings.Repeat("c", 40)
	set := func(name, data string) func(map[string]string) {
		return func(files map[string]string) { files[name] = data }
	}
	edit := func(name, from, to string) func(map[string]string) {
		return func(files map[string]string) {
			if !strings.Contains(files[name], from) {
				t.Fatalf("%s has no %q: %q", name, from, files[name])
			}
			files[name] = strings.ReplaceAll(files[name], from, to)
		}
	}
	limited := defaults
	limited.Limits = config.Limits{Object: 4}.OrDefault()
	for _, tt := range []struct {
		name   string
		change func(files map[string]string)
		want   string
	}{
		{"no record", func(files map[string]string) { delete(files, bundleFile) }, "FILE: is not a bundle of a mirror: it has no bundle.json"},
		{"bad record", set(bundleFile, "{"), "FILE: bundle.json: unexpected end of JSON input"},
		{"newer record", edit(bundleFile, `"version": 1`, `"version": 2`), "FILE: bundle.json: it has version 2, and this vxlite knows 1"},
		{"no name", edit(bundleFile, `"out-2.tar.zst"`, `"../out-2.tar.zst"`), "FILE: bundle.json: bundle 2 has no valid name"},
		{"no ID", edit(bundleFile, `"id": "`, `"id": "x`), "FILE: bundle.json: bundle 1 has no valid ID"},
		{"other number", edit(bundleFile, `"number": 2`, `"number": 7`), "FILE: bundle.json: bundle 7 stands in the place of bundle 2"},
		{"bad state", set(StateFile, "[]"), "FILE: mirror.json: json: cannot unmarshal array into Go value of type mirrordir.State"},
		{"a repository that is elsewhere", edit(StateFile, aRepo.Path, "git/../../../a.git"), `FILE: mirror.json: "git/../../../a.git" is not a valid path of a repository`},
		{"a repository that nothing names", edit(StateFile, bRepo.Path, "git/c.git"), `FILE: "git/example.com/acme/b.git/HEAD" is no file that a bundle has`},
		{"a config", set(aRepo.Path+"/config", "[core]\n\tfsmonitor = /bin/sh\n"), `FILE: "git/example.com/acme/a.git/config" is no file that a bundle has`},
		{"a hook", set(aRepo.Path+"/hooks/post-update", "#!/bin/sh\n"), `FILE: "git/example.com/acme/a.git/hooks/post-update" is no file that a bundle has`},
		{"an index", set(strings.TrimSuffix(pack, ".pack")+".idx", "x"), `FILE: "` + strings.TrimSuffix(pack, ".pack") + `.idx" is no file that a bundle has`},
		{"the mirror's own", set(".apply/mirror.json", "{}"), `FILE: ".apply/mirror.json" is no file that a bundle has`},
		{"hidden", set("proxy/.git/config", "x"), `FILE: "proxy/.git/config" is no file that a bundle has`},
		{"another layout", edit(StateFile, `"{host}/{owner}/{name}.git"`, `"{owner}/{name}.git"`), "INSIDE has the layout {host}/{owner}/{name}.git, and FILE has {owner}/{name}.git"},
		{"another module", set("proxy/example.com/m/@v/v1.1.0.zip", "other"), "INSIDE/proxy/example.com/m/@v/v1.1.0.zip is another than in FILE"},
		{"a file below a file", set("proxy/example.com/m/@v/v1.1.0.zip/x.mod", "x"), "INSIDE/proxy/example.com/m/@v/v1.1.0.zip is not a directory"},
		{"a file in the place of a directory", set("proxy/example.com/m/@v", "x"), ""}, // which comes first is open
		{"another pack", func(files map[string]string) {
			files[strings.TrimSuffix(pack, pack[len(aRepo.Path):])+packName("x")] = files[pack]
		}, "FILE: " + aRepo.Path + packName("x") + ": the pack is damaged: it is not the one that its name says"},
		{"no pack", set(aRepo.Path+packName("x"), "x"), "FILE: " + aRepo.Path + packName("x") + ": the pack is damaged: unexpected EOF"},
		{"a changed pack", edit(pack, "PACK\x00", "PACK\x01"), "FILE: " + pack + ": the pack is damaged: it does not begin as a pack does"},
		{"a ref without an object", edit(refs, " refs/heads/main", " refs/heads/main\n"+none+" refs/heads/none"),
			"FILE: git/example.com/acme/a.git: neither the bundle nor the mirror has the object of refs/heads/none, " + none},
		{"a pack that is missing", func(files map[string]string) { delete(files, pack) }, "FILE: git/example.com/acme/a.git: neither the bundle nor the mirror has the object of refs/heads/main, HASH"},
		{"a tag of an object that is missing", edit(refs, " refs/tags/v1.2.0", " refs/tags/v1.2.0\n^"+none),
			"FILE: git/example.com/acme/a.git: neither the bundle nor the mirror has the object of refs/tags/v1.2.0, HASH"},
		{"refs that are none", set(refs, "hello\n"), "FILE: git/example.com/acme/a.git: packed-refs: line 1 is not a hash and the name of a ref"},
		{"a ref that is elsewhere", edit(refs, " refs/heads/main", " refs/../config"), "FILE: git/example.com/acme/a.git: packed-refs: line 2 is not a hash and the name of a ref"},
		{"a branch that is elsewhere", set(aRepo.Path+"/HEAD", "ref: ../../x\n"), "FILE: git/example.com/acme/a.git/HEAD is not that of a repository"},
		{"ends of a history that are none", set(aRepo.Path+"/shallow", "hello\n"), "FILE: git/example.com/acme/a.git/shallow is not a list of commits"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files := maps.Clone(good)
			tt.change(files)
			refused(t, inside, packed(t, files), defaults, tt.want)
		})
	}
	t.Run("a large object", func(t *testing.T) {
		files := maps.Clone(good)
		data, _ := blobs(t, "too large")
		large := fmt.Sprintf("%s/objects/pack/pack-%x.pack", aRepo.Path, data[len(data)-sha1.Size:])
		files[large] = string(data)
		refused(t, inside, packed(t, files), limited, "FILE: "+large+": an object has more than 4B")
	})
	t.Run("cut off", func(t *testing.T) {
		data := packed(t, good)
		refused(t, inside, data[:len(data)-10], defaults, "FILE is damaged or no bundle of a mirror: it is truncated")
	})
	t.Run("damaged", func(t *testing.T) {
		data := packed(t, good)
		data[len(data)-1] ^= 1
		refused(t, inside, data, defaults, "FILE is damaged or no bundle of a mirror: checksum mismatch")
	})
	t.Run("another archive", func(t *testing.T) {
		refused(t, inside, packed(t, map[string]string{"velox.lock": "x"}), defaults, "FILE is damaged or no bundle of a mirror: SHA256SUMS: it does not name mirror.json")
	})
	file = filepath.Join(t.TempDir(), "second.tar.zst")
	testkit.WriteFile(t, file, string(packed(t, good)))
	if _, err := Apply(t.Context(), inside, file, defaults); err != nil {
		t.Errorf("what was not changed: %v", err)
	}
}

// refused applies a bundle to a mirror, which is as it was then. A pack's name may
// change with its compression, so that errors have HASH for the object of a ref.
func refused(t *testing.T, inside string, data []byte, o ApplyOptions, want string) error {
	t.Helper()
	before := contents(t, inside)
	file := filepath.Join(t.TempDir(), "bundle.tar.zst")
	testkit.WriteFile(t, file, string(data))
	_, err := Apply(t.Context(), inside, file, o)
	if err == nil {
		t.Fatal("it is applied")
	}
	got := strings.NewReplacer(testkit.Unix(file), "FILE", testkit.Unix(inside), "INSIDE").Replace(testkit.Unix(err.Error()))
	if head, ok := strings.CutSuffix(want, "HASH"); ok && strings.HasPrefix(got, head) {
		got = head + "HASH"
	}
	if want != "" && got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	sameContents(t, contents(t, inside), before)
	return err
}

// TestKilledMove has a run killed after each file that it moves, and while it removes
// what it has moved. Whatever is there then, the next one ends where an undisturbed
// one does.
func TestKilledMove(t *testing.T) {
	files, had := carried(t)
	begun := filepath.Join(t.TempDir(), "begun")
	_, err := Apply(t.Context(), begun, files[0], defaults)
	must(t, err)
	makeReady(t, begun, files[1])
	names, err := toMove(filepath.Join(begun, readyDir, readyFiles))
	must(t, err)
	if len(names) < 10 {
		t.Fatalf("there are %q to be moved", names)
	}
	for n := 0; n <= len(names)+1; n++ {
		dir := filepath.Join(t.TempDir(), "killed")
		must(t, os.CopyFS(dir, os.DirFS(begun)))
		m := &Mirror{Dir: dir}
		must(t, m.Begin())
		for _, name := range names[:min(n, len(names))] {
			must(t, m.moveFrom(filepath.Join(dir, readyDir, readyFiles), name))
			serves(t, dir, had[0])
		}
		if n > len(names) {
			must(t, os.Remove(filepath.Join(dir, readyDir, readyFiles, bundleFile)))
		}
		m, err := Open(t.Context(), dir, Existing, noSink)
		must(t, err)
		if m.Unfinished || len(m.State.Bundles) != 2 {
			t.Errorf("after %d: %+v", n, m.State)
		}
		must(t, m.Close())
		sameContents(t, contents(t, dir), had[1])
	}
}

// makeReady does all of an apply but moving files.
func makeReady(t testing.TB, dir, file string) {
	t.Helper()
	m, err := Open(t.Context(), dir, Existing, noSink)
	must(t, err)
	defer m.Close()
	stage, remove, err := m.Stage()
	must(t, err)
	f, err := disk.Open(file)
	must(t, err)
	defer f.Close()
	a := &applying{m: m, file: file, dir: filepath.Join(stage, readyFiles), limits: defaults.Limits}
	_, err = a.prepare(t.Context(), f, nil)
	must(t, err)
	must(t, m.ready(stage, a.state))
	must(t, remove())
}

// serves compares what a mirror serves with what it served before: all packs and
// modules are there, and each repository's refs have their objects.
func serves(t testing.TB, dir string, before map[string]string) {
	t.Helper()
	for name, data := range before {
		have, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil || isFixed(name) && string(have) != data {
			t.Errorf("%s is not served any more: %v", name, err)
		}
	}
	git, err := exec.LookPath("git")
	if err != nil {
		return
	}
	err = filepath.WalkDir(filepath.Join(dir, GitDir), func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() || filepath.Ext(p) != ".git" {
			return err
		}
		if out, err := exec.Command(git, "--git-dir", p, "rev-list", "--objects", "--all").CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", p, err, out)
		}
		return fs.SkipDir
	})
	must(t, err)
}

// TestSweptStage has a run killed before its bundle is ready: nothing is left.
func TestSweptStage(t *testing.T) {
	files, had := carried(t)
	dir := filepath.Join(t.TempDir(), "inside")
	_, err := Apply(t.Context(), dir, files[0], defaults)
	must(t, err)
	stage := filepath.Join(dir, ".stage.123.tmp")
	testkit.WriteFile(t, filepath.Join(stage, readyFiles, "proxy/x"), "x")
	host, err := os.Hostname()
	must(t, err)
	testkit.WriteFile(t, stage+".lock", host)
	m, err := Open(t.Context(), dir, Existing, noSink)
	must(t, err)
	must(t, m.Close())
	if disk.Exists(stage) {
		t.Error("the stage is still there")
	}
	sameContents(t, contents(t, dir), had[0])
}

// FuzzApply changes files of a bundle, and has more: nothing panics, nothing is
// written beside the mirror, and who is refused changes nothing.
func FuzzApply(f *testing.F) {
	outside := filepath.Join(f.TempDir(), "outside")
	fill(f, outside, 2)
	good := unpacked(f, bundle(f, outside, 1))
	names := slices.Sorted(maps.Keys(good))
	for i, name := range names {
		f.Add(uint8(i), name, []byte("x"))
	}
	for _, name := range []string{"../up", "/up", "git/x.git/HEAD", "proxy/../../x", ".lock", ".apply/files/x", "SHA256SUMS", "proxy/a/@v/list", aRepo.Path + "/shallow"} {
		f.Add(uint8(255), name, []byte("v1.0.0\n"))
	}
	f.Add(uint8(255), StateFile, []byte(strings.ReplaceAll(good[StateFile], bRepo.Path, "git/b.git")))
	f.Fuzz(func(t *testing.T, drop uint8, name string, data []byte) {
		files := maps.Clone(good)
		if int(drop) < len(names) {
			delete(files, names[drop])
		}
		if name != "" && len(name) < 1<<10 && !strings.Contains(name, "\x00") && !strings.HasSuffix(name, "/") { // which no tar has
			files[name] = string(data)
		}
		if _, ok := files[ListFile]; ok {
			t.Skip("the list is made here")
		}
		parent := t.TempDir()
		inside, file := filepath.Join(parent, "inside"), filepath.Join(parent, "bundle.tar.zst")
		fill(t, inside, 1)
		before := contents(t, inside)
		testkit.WriteFile(t, file, string(packed(t, files)))
		if _, err := Apply(t.Context(), inside, file, defaults); err != nil {
			if len(err.Error()) > 2000 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
			sameContents(t, contents(t, inside), before)
		}
		if beside, _ := os.ReadDir(parent); len(beside) != 2 {
			t.Errorf("beside the mirror: %v", beside)
		}
	})
}

// TestInterrupted interrupts a run while it unpacks a bundle, and while it indexes a
// pack: it ends, and has changed nothing.
func TestInterrupted(t *testing.T) {
	files, had := carried(t)
	dir := filepath.Join(t.TempDir(), "inside")
	_, err := Apply(t.Context(), dir, files[0], defaults)
	must(t, err)
	m, err := Open(t.Context(), dir, Existing, noSink)
	must(t, err)
	defer m.Close()
	data, err := os.ReadFile(files[1])
	must(t, err)
	interrupt := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	in := io.MultiReader(bytes.NewReader(data[:100]), readerFunc(func([]byte) (int, error) { cancel(interrupt); return 0, io.EOF }))
	a := &applying{m: m, dir: filepath.Join(t.TempDir(), readyFiles), limits: defaults.Limits}
	if _, err := a.prepare(ctx, in, nil); err != interrupt {
		t.Errorf("unpacking: %v", err)
	}
	if _, err := gitpack.IndexPack(ctx, onePack(t, dir), defaults.Limits); err != interrupt {
		t.Errorf("indexing: %v", err)
	}
	sameContents(t, contents(t, dir), had[0])
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// onePack is a pack of a mirror.
func onePack(t *testing.T, dir string) string {
	t.Helper()
	packs, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(aRepo.Path), "objects", "pack", "*.pack"))
	if err != nil || len(packs) == 0 {
		t.Fatalf("no packs: %v", err)
	}
	return packs[0]
}
