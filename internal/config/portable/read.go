package portable

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/parse"
)

// Read reads what [Write] wrote, from a folder that anybody
// may have made: the keys that are written there and no others, no variables,
// and no paths out of dir, which is where the config lies. What starts a program
// or writes a file while compiling is refused too. Positions have file in them.
func Read(file string, data []byte, dir string) (*config.Config, error) {
	if err := portableKeys(file, data); err != nil {
		return nil, err
	}
	c, err := parse.Data(file, data, dir, func(string) (string, bool) { return "", false })
	if err != nil {
		return nil, err
	}
	e := &config.ErrorList{}
	refuse := func(pos config.Position, format string, args ...any) {
		pos.File = file
		e.Problems = append(e.Problems, config.Problem{Pos: pos, Text: fmt.Sprintf(format, args...), Hint: notPortable})
	}
	for _, local := range localDirs(c) {
		refuse(config.Position{}, "%s is a directory of the machine, which vxlite vendor does not write", local)
	}
	p := c.Build.PGO
	if rel, err := filepath.Rel(dir, p); p != "auto" && p != "off" && (err != nil || !filepath.IsLocal(rel)) {
		refuse(config.Position{}, "build.pgo: %s lies outside of the folder", p)
	}
	for _, u := range c.Git.InURLs {
		refuse(config.Position{}, "%s has a name or a password in front of its host, which vxlite vendor does not write", u.URL)
	}
	if f := foreignLDFlag(c.Build.LDFlags); f != "" {
		refuse(c.Places.LDFlags.Pos, "%s: %s is not taken from a vendor folder: it may start a program or write a file", c.Places.LDFlags.Key, f)
	}
	if f := foreignGCFlag(c.Build.GCFlags); f != "" {
		refuse(c.Places.GCFlags.Pos, "%s: %s is not taken from a vendor folder: it may write a file", c.Places.GCFlags.Key, f)
	}
	if len(e.Problems) > 0 {
		return nil, e
	}
	return c, nil
}

// notPortable is what to do about a config that Write did not write.
const notPortable = "use a config of your own, with -c FILE, which may set any key"

// portableKeys reports the keys that Write does not write, all of them.
func portableKeys(file string, data []byte) error {
	e := &config.ErrorList{}
	refuse := func(line, column int, text string) {
		e.Problems = append(e.Problems, config.Problem{Pos: config.Position{File: file, Line: line, Column: column}, Text: text, Hint: notPortable})
	}
	doc := new(document)
	err := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(doc)
	if unknown, ok := errors.AsType[*toml.StrictMissingError](err); ok {
		for _, one := range unknown.Errors {
			line, column := one.Position()
			refuse(line, column, quoteKeys(one.Key())+" is not a key that vxlite vendor writes")
		}
	} else if one, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, column := one.Position()
		refuse(line, column, strings.TrimPrefix(one.Error(), "toml: "))
	} else if err != nil {
		refuse(1, 1, strings.TrimPrefix(err.Error(), "toml: "))
	}
	if before, _, ok := bytes.Cut(data, []byte("${")); ok {
		refuse(bytes.Count(before, []byte("\n"))+1, len(before)-bytes.LastIndexByte(before, '\n'), "a variable, which vxlite vendor replaces by its value")
	}
	for _, name := range doc.patches() {
		if !patchFile.MatchString(name) {
			e.Problems = append(e.Problems, config.Problem{Pos: config.Position{File: file}, Text: fmt.Sprintf("patches: %q is not where vxlite vendor puts a patch", name), Hint: notPortable})
		}
	}
	if len(e.Problems) > 0 {
		return e
	}
	return nil
}

// patchFile is what PatchFile returns. Before anything is read, it says that nothing
// outside of the folder is.
var patchFile = regexp.MustCompile(`^patches/[0-9a-f]{16}/[^/\\]*[^/\\.][^/\\]*$`)

// patches are the patches of all modules, sorted.
func (p *document) patches() []string {
	out := slices.Clone(p.RoadRunner.Patches)
	for _, x := range p.Plugins {
		out = append(out, x.Patches...)
	}
	for _, x := range p.Modules {
		out = append(out, x.Patches...)
	}
	slices.Sort(out)
	return out
}

// quoteKeys writes a dotted key.
func quoteKeys(keys []string) string {
	var out []string
	for _, k := range keys {
		out = append(out, config.QuoteKey(k))
	}
	return strings.Join(out, ".")
}

// linkerFlags are those that neither start a program nor name a file, and
// whether a value follows.
var linkerFlags = map[string]bool{"X": true, "B": true, "H": true, "buildid": true, "linkmode": true, "extldflags": true,
	"s": false, "w": false, "d": false, "bindnow": false, "compressdwarf": false, "checklinkname": false}

// cLinkerFlag is a word of -extldflags that names neither.
var cLinkerFlag = regexp.MustCompile(`^-(static|static-pie|static-libgcc|pie|no-pie|s|g|O[0-3s]?|l[\w+-]+|Wl,-z,[a-z]+|Wl,-B(static|dynamic)|Wl,--build-id(=\w+)?)$`)

// foreignLDFlag returns the first of the linker's arguments that is not one of
// linkerFlags, or "". It reads them as package flag does.
func foreignLDFlag(args []string) string {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		name, value, valued := strings.Cut(flagName(arg), "=")
		takes, known := linkerFlags[name]
		if !known {
			return arg
		}
		if takes && !valued {
			if i++; i == len(args) {
				return arg
			}
			value = args[i]
		}
		if name == "extldflags" {
			for _, word := range strings.Fields(value) {
				if !cLinkerFlag.MatchString(word) {
					return "-extldflags " + word
				}
			}
		}
	}
	return ""
}

// compilerFlag is an argument of the compiler that names no file.
var compilerFlag = regexp.MustCompile(`^(N|B|e|m|l|l=[0-9]|m=[0-9]|dwarf=(true|false)|spectre=[a-z,]+|d=checkptr(=[0-9])?)$`)

// foreignGCFlag returns the first argument of the compiler that is not one of
// these, or "".
func foreignGCFlag(all []string) string {
	for _, flags := range all {
		if pattern, rest, ok := strings.Cut(flags, "="); ok && !strings.HasPrefix(flags, "-") && pattern != "" {
			flags = rest
		}
		for _, arg := range strings.Fields(flags) {
			if !compilerFlag.MatchString(flagName(arg)) {
				return arg
			}
		}
	}
	return ""
}

// flagName is an argument without its one or two dashes, or "" where it is no
// flag.
func flagName(arg string) string {
	name, ok := strings.CutPrefix(arg, "-")
	if !ok {
		return ""
	}
	return strings.TrimPrefix(name, "-")
}
