package gotool

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/run"
)

// Compiled is a package as the go command's build cache has it.
type Compiled struct {
	// Package is its import path. Module is empty for the standard library.
	Package, Module string
	// action and output are 64 hex digits: what was done, and what came of it.
	action, output string
	file           string // absolute; the compiled package
}

// Compiled lists the packages of ./app as the build cache has them, compiling
// those that it does not have. With their entries in an empty cache, a build
// in any directory of any machine only links: paths are trimmed, so an entry's
// name depends on the sources, the flags and the compiler alone.
func (t *Tool) Compiled(ctx context.Context, dir string, c Compile) ([]Compiled, error) {
	flags, err := c.BuildArgs()
	if err != nil {
		return nil, err
	}
	args := append([]string{"list", "-deps", "-export"}, flags[1:]...)
	args = append(args, "-f", "{{if .Export}}{{.ImportPath}}\t{{with .Module}}{{.Path}}{{end}}\t{{.BuildID}}\t{{.Export}}{{end}}", "./app")
	if err := t.preprocess(ctx, dir, c); err != nil {
		return nil, explain(err)
	}
	env, show := t.Env(filepath.Join(dir, "go.work"), c)
	out, err := t.run(ctx, run.Cmd{Args: args, Dir: dir, Env: env, Show: show, Why: "which compiled packages take part"})
	if err != nil {
		return nil, explain(err)
	}
	var all []Compiled
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 4 {
			return nil, fmt.Errorf("go list: %q is not what was asked for", line)
		}
		entry := Compiled{Package: f[0], Module: f[1], file: f[3]}
		if entry.action, entry.output, err = cached(f[2], f[3]); err != nil {
			return nil, fmt.Errorf("compiled package %s: %w", f[0], err)
		}
		all = append(all, entry)
	}
	return all, nil
}

// cached finds a package's entry in the build cache that its file is in. A
// build ID begins with the action's first 120 bits, in base64; the entry's file
// is named by all of them: see cmd/internal/buildid and cmd/go/internal/cache.
func cached(buildID, file string) (action, output string, err error) {
	head, _, _ := strings.Cut(buildID, "/")
	raw, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil || len(raw) == 0 {
		return "", "", fmt.Errorf("build ID %q has no action", buildID)
	}
	output, ok := strings.CutSuffix(filepath.Base(file), "-d")
	if !ok {
		return "", "", fmt.Errorf("%s is not in a build cache", file)
	}
	prefix := hex.EncodeToString(raw)
	cache := filepath.Dir(filepath.Dir(file))
	found, err := filepath.Glob(filepath.Join(globQuote(cache), prefix[:2], prefix+"*-a"))
	if err != nil {
		return "", "", err
	}
	for _, name := range found {
		entry, err := disk.ReadText(name)
		if err == nil && strings.Contains(string(entry), " "+output+" ") {
			return strings.TrimSuffix(filepath.Base(name), "-a"), output, nil
		}
	}
	return "", "", fmt.Errorf("%s has no entry for it", cache)
}

// globQuote protects a directory's own name from being a pattern.
func globQuote(dir string) string {
	if filepath.Separator == '\\' {
		return dir // Windows has no escapes, and names with [ are rare
	}
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(dir)
}

// WriteCache puts entries into a build cache at dir, which may have some of
// them. An entry records when it was made; here that is always the beginning
// of 1970, so that the same packages give the same bytes.
func WriteCache(ctx context.Context, dir string, entries []Compiled) error {
	for _, e := range entries {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		data := filepath.Join(dir, e.output[:2], e.output+"-d")
		size, err := copyOnce(e.file, data)
		if err != nil {
			return err
		}
		index := filepath.Join(dir, e.action[:2], e.action+"-a")
		if err := os.MkdirAll(filepath.Dir(index), 0o755); err != nil {
			return err
		}
		line := fmt.Sprintf("v1 %s %s %20d %20d\n", e.action, e.output, size, 0) // as putIndexEntry has it
		if err := os.WriteFile(index, []byte(line), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// copyOnce copies a file unless it is there, and returns its size in bytes.
func copyOnce(src, dst string) (int64, error) {
	if fi, err := os.Stat(dst); err == nil {
		return fi.Size(), nil
	}
	in, err := disk.Open(src)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(dst), 0o755); err != nil {
		return 0, err
	}
	out, err := os.OpenFile(dst, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(out, in)
	if err != nil {
		out.Close()
		return 0, err
	}
	return n, out.Close()
}

// TempIn returns the same go command with dir for what it makes meanwhile, unless
// the user has chosen a place: where it is killed, it leaves that for good.
func (t *Tool) TempIn(dir string) *Tool {
	if t.Var("GOTMPDIR") != "" {
		return t
	}
	return t.With(map[string]string{"GOTMPDIR": dir})
}

// With returns the same go command with other settings than the caller's.
func (t *Tool) With(settings map[string]string) *Tool {
	other := *t
	other.vars = map[string]string{}
	for name, v := range t.vars {
		other.vars[name] = v
	}
	for name, v := range settings {
		other.vars[name] = v
	}
	other.env = func(name string) (string, bool) {
		if v, ok := settings[name]; ok {
			return v, true
		}
		return t.env(name)
	}
	return &other
}
