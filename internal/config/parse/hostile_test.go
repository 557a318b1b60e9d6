package parse

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// hostile are values that would do harm if they were pasted into Go, a go.work,
// a list of flags or a terminal.
var hostile = []string{
	`x" + evil() + "`,
	"x`+evil()+`",
	"*/ evil() /*",
	"// evil",
	"{{evil}}",
	"$(evil)",
	"x;evil",
	"-toolexec=evil",
	"--upload-pack=evil",
	"ext::sh -c evil",
	"file:///evil",
	"ssh://-oProxyCommand=evil/x",
	"https://git.corp/evil => /evil",
	"evil\x00",
	"evil\nimport \"evil\"",
	"evil\r\nreplace evil => /",
	"\x1b]0;evil\a",
	"\x1b[2Jevil",
	"\u009b2Jevil",
	"func", "type", "import", "_", "nil", "9evil", "a-evil", "Evil.Evil", "evil",
}

// mayHold are the fields that take any printable text, and why that does no harm.
var mayHold = map[string]string{
	"File":                           "the file's own name",
	"RoadRunner.Ref":                 "git allows it in a ref's name; refs are compared with what a server has, and nothing else is done with them",
	"RoadRunner.URL":                 "a URL whose scheme and host are checked",
	"Plugins.Name":                   "shown, and printed by way of printable",
	"Plugins.URL":                    "as RoadRunner.URL",
	"Plugins.Ref":                    "as RoadRunner.Ref",
	"Plugins.Folder":                 "a plain path that is looked up in a tree",
	"Plugins.Path":                   "a directory",
	"Plugins.Replace.Module.Version": "as RoadRunner.Ref",
	"Written":                        "as RoadRunner.URL",
	"Modules.URL":                    "as RoadRunner.URL",
	"Modules.Ref":                    "as RoadRunner.Ref",
	"Modules.Folder":                 "as Plugins.Folder",
	"Modules.Dir":                    "a directory",
	"Mirrors.From":                   "compared with URLs",
	"Mirrors.To":                     "as RoadRunner.URL",
	"Git.Modules":                    "a pattern, compared with module paths",
	"Git.KnownHosts":                 "a file that is opened",
	"Git.CAFile":                     "a file that is opened",
	"Git.Credentials.Host":           "compared with hosts",
	"Git.Credentials.Username":       "sent to the server it is for, encoded",
	"Git.Credentials.Password":       "sent to the server it is for, encoded",
	"Git.Credentials.SSHKey":         "a file that is opened",
	"Git.Tokens.Token":               "sent to the server it is for, encoded",
	"Plugins.Replace.Dir":            "a directory",
	"Build.Targets.OS":               "letters and digits, and the go command has to know it",
	"Build.Targets.Arch":             "letters and digits, and the go command has to know it",
	"Image.Base":                     "the user's own image, see config.Image",
	"Signatures.Keys":                "files that are opened",
	"Build.CacheProg":                "the user's own program, see config.Build",
	"Image.CACerts":                  "a file that is opened",
	"Build.Name":                     "a file's name",
	"Build.Version":                  "quoted for the linker, see TestBuildArgs of gotool",
	"Build.Time":                     "quoted for the linker, see TestBuildArgs of gotool",
	"Build.Tags":                     "one argument for go build; the user's own flags",
	"Build.LDFlags":                  "the user's own flags for the linker",
	"Build.GCFlags":                  "the user's own flags for the compiler",
	"Build.PGO":                      "a file",
	"Replaces.New.Dir":               "a directory",
	"Replaces.Old.Path":              "a module path, which needs no dot",
	"Modules.Path":                   "a module path, which needs no dot",
	"Replaces.New.Module.Version":    "as RoadRunner.Ref",
	"Excludes.Module.Version":        "checked to be a version",
	"Audit.Ignore.ID":                "compared with IDs",
	"Audit.Ignore.Reason":            "shown, and printed by way of printable",
	"Audit.Licences":                 "compared with names of licences",
}

// TestHostileStrings puts each hostile value into each string of a config. It is
// refused, or becomes a field that may hold it; and nothing that a terminal
// would obey is in any field or message.
func TestHostileStrings(t *testing.T) {
	value := regexp.MustCompile(`"[^"\n]*"`)
	lookup := env(map[string]string{"ACME_PASSWORD": "pw", "TEAM_REPO": "cache", "HOME": "/home/ann", "VERSION": "1.2.3", "TIME": "now", "ACME_GITHUB_TOKEN": "t"})
	tried, refused := 0, 0
	for _, file := range []string{"vxlite.toml", "generation1.toml", "generation2.toml", "owner.toml"} {
		data := string(testdata(t, file))
		for _, at := range value.FindAllStringIndex(data, -1) {
			for _, bad := range hostile {
				tried++
				text := data[:at[0]] + tomlString(bad) + data[at[1]:]
				c, err := Data(file, []byte(text), dir, lookup)
				if err != nil {
					refused++
					if !printable(strings.ReplaceAll(err.Error(), "\n", "")) {
						t.Errorf("%s: %q for %s: the error is %q", file, bad, data[at[0]:at[1]], err)
					}
					continue
				}
				for _, field := range holders(reflect.ValueOf(*c), "", bad) {
					if mayHold[field] == "" {
						t.Errorf("%s: %q for %s becomes %s", file, bad, data[at[0]:at[1]], field)
					}
				}
				for _, field := range holders(reflect.ValueOf(*c), "", "\x00\x1b\x9b\n\r\a") {
					t.Errorf("%s: %q for %s: a control character in %s", file, bad, data[at[0]:at[1]], field)
				}
			}
		}
	}
	t.Logf("%d values tried, %d refused", tried, refused)
	if refused < tried/2 {
		t.Errorf("only %d of %d were refused", refused, tried)
	}
}

// TestHostileSymbols has every symbol that is no exported Go name refused.
func TestHostileSymbols(t *testing.T) {
	for _, symbol := range append(slices.Clone(hostile), "plugin", "é", "P\u200dlugin", "Plugin{}; evil", "Plugin ", "Pl ugin", "P.Q", "*Plugin") {
		data := "[roadrunner]\nref = 'v1'\n[plugins.a]\nmodule_name = 'github.com/acme/a'\nref = 'v1'\nsymbol = " + tomlString(symbol) + "\n"
		if _, err := Data("acme.toml", []byte(data), dir, env(nil)); err == nil {
			t.Errorf("%q is taken for a symbol", symbol)
		}
	}
	for _, name := range []string{"func", "type", "9", "a-b", "ü", "main", "{{x}}", "x\"y"} {
		data := "[roadrunner]\nref = 'v1'\n[plugins." + tomlString(name) + "]\nmodule_name = 'github.com/acme/a'\nref = 'v1'\n"
		if _, err := Data("acme.toml", []byte(data), dir, env(nil)); err != nil {
			t.Errorf("%q is not taken for a plugin's name: %v", name, err)
		}
	}
}

// tomlString writes a basic string.
func tomlString(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < ' ' || r == '"' || r == '\\' || r > '~' {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return `"` + b.String() + `"`
}

// holders are the string fields that hold bad as a whole or, where that is a
// set of control characters, one of them.
func holders(v reflect.Value, path, bad string) []string {
	var out []string
	switch v.Kind() {
	case reflect.String:
		s := v.String()
		set := strings.HasPrefix(bad, "\x00")
		if set && strings.ContainsAny(s, bad) || !set && strings.Contains(s, bad) && strings.Contains(bad, "evil") {
			out = append(out, path)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			if name == "Pos" || name == "Notes" {
				continue
			}
			out = append(out, holders(v.Field(i), strings.TrimPrefix(path+"."+name, "."), bad)...)
		}
	case reflect.Slice:
		for i := range v.Len() {
			out = append(out, holders(v.Index(i), path, bad)...)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			out = append(out, holders(k, path, bad)...)
			out = append(out, holders(v.MapIndex(k), path, bad)...)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			out = append(out, holders(v.Elem(), path, bad)...)
		}
	}
	return out
}
