package parse

import (
	"reflect"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/tree"
)

// brokenConfig is a config, and the error that it leads to.
type brokenConfig struct {
	name string
	data string
	want string
	hint string
}

// whole is the config with a plugin at its end if it has none.
func (b brokenConfig) whole() string {
	if strings.Contains(b.data, "lugins") || strings.Contains(b.data, "#none") {
		return b.data
	}
	return b.data + "[plugins.mine]\npath = '/mine'\n"
}

// brokenConfigs has each error that a config can lead to, with its whole text,
// the file's name aside.
var brokenConfigs = []brokenConfig{
	// TOML
	{name: "no equals sign", data: "[roadrunner]\nref\n", want: "2:4: expected '=' after key"},
	{name: "no quotes", data: "[roadrunner]\n\tref = master\n", want: "2:8: unexpected character U+006D 'm' at start of value"},
	{name: "end of file", data: "[plugins]\nref = \"master", want: "2:13: unterminated basic string"},
	{name: "only the first syntax error", data: "a b\nc d\n", want: "1:3: expected '=' after key"},
	{name: "a key twice", data: "[roadrunner]\nref = 'a'\nRef = 'a'\n", want: "3:1: roadrunner.ref is already set at 2:1"},
	{name: "a key twice, before a syntax error", data: "[roadrunner]\nref = 'a'\nref = 'a'\n]", want: "3:1: roadrunner.ref is already set at 2:1\n4:1: invalid character at start of key: U+005D ']'"},
	{name: "a key twice, inline", data: "log = { level = 'info', level = 'info' }\n", want: "1:25: log.level is already set at 1:9"},
	{name: "a key again, and other", data: "[log]\nlevel = 'info'\n[log]\nlevel = 'debug'\n", want: "4:1: log.level is already set at 2:1"},
	{name: "a table twice", data: "[log]\nlevel = 'info'\n[debug]\n[log]\nlevel = 'info'\nmode = 'raw'\n", want: "4:2: table log is already defined at 1:2",
		hint: "put all keys of log below one header"},
	{name: "a plugin twice", data: "[plugins.a]\npath = 'a'\n[plugins.a]\nsymbol = 'X'\nimport = 'a.b/c'\n", want: "3:10: table plugins.a is already defined at 1:10",
		hint: "put all keys of plugins.a below one header"},
	{name: "a table on a value", data: "log = 'info'\n[log]\nlevel = 'info'\n", want: "1:7: log is a string, want a table\n2:2: log is already set at 1:1"},
	{name: "a table on an inline table", data: "log = {}\n[log]\nlevel = 'info'\n", want: "2:2: log is already set at 1:1"},
	{name: "a table in a value", data: "[log]\nlevel = 'info'\n[log.level]\n", want: "3:6: log.level is already set at 2:1"},
	{name: "a table on an array", data: "[[excludes]]\nmodule = 'github.com/acme/a'\nversion = 'v1.0.0'\n[excludes]\n", want: "4:2: excludes is already set at 1:3"},
	{name: "an array on a table", data: "[log]\n[[log]]\n", want: "2:3: log is already set at 1:2"},
	{name: "an array on an inline array", data: "excludes = []\n[[excludes]]\n", want: "2:3: excludes is already set at 1:1"},

	// Trust
	{name: "signatures of what", data: "[verify]\nsignatures = 'all'\nkeys = ['k']\n", want: `2:14: verify.signatures is "all", want tag or commit`},
	{name: "signatures without keys", data: "[verify]\nsignatures = 'tag'\n", want: `1:2: verify.signatures needs verify.keys, files of the keys that are allowed`},
	{name: "keys without signatures", data: "[verify]\nkeys = ['k']\n", want: `1:2: verify.keys needs verify.signatures, tag or commit`},
	{name: "a user's name", data: "[image]\nuser = 'app'\n", want: `2:8: image.user is "app", want UID or UID:GID`},
	{name: "cacheprog by a relative path", data: "[build]\ncacheprog = './cacher -v'\n", want: `2:13: build.cacheprog begins with "./cacher", want a program on PATH or an absolute path`},

	// Keys and types
	{name: "unknown key", data: "[roadrunner]\nversion = 'v1'\n", want: `2:1: unknown key "version" in [roadrunner], did you mean "ref"?`},
	{name: "unknown key, check", data: "[check]\nallow_disable = []\n", want: `2:1: unknown key "allow_disable" in [check], did you mean "allow_disabled"?`},
	{name: "unknown key before a syntax error", data: "#none\nfoo = 1\n[roadrunner]\nref = 3\n[plugins.a]\n[build\nname = 'x'\n", want: "2:1: unknown key \"foo\"\n4:7: roadrunner.ref is an integer, want a string\n6:7: expected ']' to close table name"},
	{name: "another word for a key", data: "[plugins.a]\nbranch = 'main'\nurl = '/a'\n", want: `2:1: unknown key "branch" in [plugins.a], did you mean "ref"?`},
	{name: "no such plugin to allow methods of", data: "[plugins.logger]\ntag = 'v1'\nmodule_name = 'github.com/acme/logger'\n[check]\nallow = ['loger']\n", want: `5:10: check.allow: there is no plugin "loger", did you mean "logger"?`},
	{name: "no such plugin to allow", data: "[plugins.Logger]\ntag = 'v1'\nmodule_name = 'github.com/acme/logger'\n[check]\nallow_disabled = ['informer', 'config', 'loger']\n", want: `5:41: check.allow_disabled: there is no plugin "loger", did you mean "Logger"?`},
	{name: "unknown table", data: "[server]\n", want: `1:2: unknown key "server"`},
	{name: "misspelt table", data: "[githb.plugins.a]\nref = 'v1'\n", want: `1:2: unknown key "githb", did you mean "github"?`},
	{name: "misspelt inner table", data: "[github.plugin.a]\nref = 'v1'\n", want: `1:9: unknown key "plugin" in [github], did you mean "plugins"?`},
	{name: "swapped letters", data: "[plugins.a]\ntga = 'v1'\nmodule_name = 'github.com/acme/a'\n", want: `2:1: unknown key "tga" in [plugins.a], did you mean "tag"?`},
	{name: "beginning of a key", data: "[plugins.a]\ntag = 'v1'\nmodule = 'github.com/acme/a'\n", want: `3:1: unknown key "module" in [plugins.a], did you mean "module_name"?`},
	{name: "misspelt, and there already", data: "[build]\nname = 'a'\nnames = 'b'\n", want: `3:1: unknown key "names" in [build], did you mean "name"?`},
	{name: "unknown key, array of tables", data: "[[modules]]\nmodule = 'github.com/acme/a'\nwho = 'b'\n", want: `3:1: unknown key "who" in [[modules]]`},
	{name: "unknown key, table below an array's", data: "[[modules]]\nmodule = 'github.com/acme/a'\n[modules.who]\n", want: `3:10: unknown key "who" in [[modules]]`},
	{name: "unknown key, quoted table", data: "[git.credentials.'git.corp']\npassword = 'x'\ntoken = 'b'\n", want: `3:1: unknown key "token" in [git.credentials."git.corp"]`},
	{name: "unknown key, control character", data: "\"a\\nb\" = 1\n", want: `1:1: unknown key "a\nb"`},
	{name: "integer for string", data: "[roadrunner]\nref =\t2025\n", want: "2:7: roadrunner.ref is an integer, want a string"},
	{name: "float for string", data: "[build]\nversion = 2025.1\n", want: "2:11: build.version is a float, want a string"},
	{name: "date for string", data: "[build]\ntime = 2025-01-02T03:04:05Z\n", want: "2:8: build.time is a date or time, want a string"},
	{name: "boolean for string", data: "[log]\nmode = false\n", want: "2:8: log.mode is a boolean, want a string"},
	{name: "table for string", data: "[log.mode]\n", want: "1:6: log.mode is a table, want a string"},
	{name: "string for boolean", data: "[build]\ncgo = 'yes'\n", want: "2:7: build.cgo is a string, want a boolean"},
	{name: "string for table", data: "roadrunner = 'v2025'\n", want: "1:14: roadrunner is a string, want a table"},
	{name: "string for plugin", data: "[plugins]\nhttp = 'v5'\n", want: "2:8: plugins.http is a string, want a table"},
	{name: "table for array", data: "[modules]\n", want: "1:2: modules is a table, want an array"},
	{name: "strings for tables", data: "modules = ['github.com/acme/a']\n", want: "1:12: modules is a string, want a table"},
	{name: "integer in array", data: "[build]\ntags = ['a',\n  1, [1]]\n", want: "2:8: build.tags is an array, want a string\n3:3: build.tags is an integer, want a string"},
	{name: "integer for array", data: "[build]\ntags = 1\n", want: "2:8: build.tags is an integer, want an array"},
	{name: "integer for mirror", data: "[mirrors]\n\"https://github.com/\" = 1\n", want: `2:25: mirrors."https://github.com/" is an integer, want an array`},
	{name: "string for a number", data: "[limits]\nfiles = '100'\n", want: "2:9: limits.files is a string, want a number, such as 100000"},
	{name: "boolean for a size", data: "[limits]\npack = true\n", want: `2:8: limits.pack is a boolean, want a size, such as "100MiB"`},
	{name: "no size", data: "[limits]\npack = '2 gigs'\n", want: `2:8: limits.pack is "2 gigs", want a size, such as "100MiB"`},
	{name: "size beyond all", data: "[limits]\npack = '9999999999GiB'\n", want: `2:8: limits.pack is "9999999999GiB", want a size, such as "100MiB"`},
	{name: "no limit", data: "[limits]\ndepth = 0\n", want: `2:9: limits.depth is "0", want more than 0`},
	{name: "below nothing", data: "[limits]\nobject = '-1KiB'\n", want: `2:10: limits.object is "-1KiB", want more than 0`},
	{name: "above what Go allows", data: "[limits]\nmodule = '501MiB'\ngo_mod = 16777217\n", want: "2:10: limits.module is \"501MiB\", want at most 500MiB\n3:10: limits.go_mod is \"16777217\", want at most 16MiB"},
	{name: "too deep", data: "[limits]\ndepth = 100_000\n", want: `2:9: limits.depth is "100_000", want at most 1000`},
	{name: "unknown limit", data: "[limits]\nfile = 1\n", want: `2:1: unknown key "file" in [limits], did you mean "files"?`},
	{name: "no time", data: "[git]\ntimeout = '2'\nconnect_timeout = '-1s'\n", want: "2:11: git.timeout is \"2\", want a time such as \"30s\" or \"2m\"\n3:19: git.connect_timeout is \"-1s\", want a time such as \"30s\" or \"2m\""},
	{name: "integer for a time", data: "[git]\ntimeout = 30\n", want: "2:11: git.timeout is an integer, want a string"},
	{name: "retries", data: "[git]\nretries = -1\n", want: "2:11: git.retries is -1, want 0 to 100"},
	{name: "string for retries", data: "[git]\nretries = '3'\n", want: "2:11: git.retries is a string, want an integer"},
	{name: "string for credentials", data: "[git.credentials]\n'git.corp' = 'x'\n", want: `2:14: git.credentials."git.corp" is a string, want a table`},
	{name: "integer for project", data: "[gitlab.projects]\n12 = 13\n", want: "2:6: gitlab.projects.12 is an integer, want a string"},

	// Variables
	{
		name: "undefined", data: "[roadrunner]\nref = \"${RR_REF}\"\n", want: `2:7: roadrunner.ref: the environment variable "RR_REF" is not set`,
		hint: "set RR_REF, or write the value in place of ${RR_REF}",
	},
	{
		name: "undefined password", data: "[git.credentials.'git.corp']\npassword = 'secret${PW}'\n", want: `2:12: git.credentials."git.corp".password: the environment variable "PW" is not set`,
		hint: "set PW, or write the value in place of ${PW}",
	},
	{name: "malformed", data: "[roadrunner]\nref = \"${RR-REF}\"\n", want: `2:7: roadrunner.ref has a "${" that does not begin a ${NAME}`},
	{name: "not closed", data: "[roadrunner]\nref = \"${RR\"\n", want: `2:7: roadrunner.ref has a "${" that does not begin a ${NAME}`},
	{
		name: "undefined in build_args", data: "[velox]\nbuild_args = ['-tags', '$RR_TAGS']\n", want: `2:24: velox.build_args: the environment variable "RR_TAGS" is not set`,
		hint: "set RR_TAGS, or write the value in place of ${RR_TAGS}",
	},
	{name: "newline", data: "[roadrunner]\nref = '${NEWLINE}'\n", want: "2:7: roadrunner.ref has a control character in its value"},
	{name: "NUL", data: "[plugins.a]\npath = '${NUL}'\n", want: "2:8: plugins.a.path has a control character in its value"},
	{name: "escape", data: "[build]\nldflags = [\"-s\", \"\\u001b[31m\"]\n", want: "2:18: build.ldflags has a control character in its value"},
	{name: "tab in build_args", data: "[velox]\nbuild_args = ['-tags', \"a\\tb\"]\n", want: "2:24: velox.build_args has a control character in its value"},
	{name: "not UTF-8", data: "[build]\nversion = '${LATIN1}'\n", want: "2:11: build.version has a control character in its value"},
	{name: "newline in a token", data: "[github.token]\ntoken = '${NEWLINE}'\n", want: "2:9: github.token.token has a control character in its value"},
	{name: "newline in a name", data: "[plugins.\"a\\nb\"]\npath = 'a'\n", want: `1:10: the name "a\nb" has a control character`},

	// Generation 0
	{name: "flag without value", data: "[velox]\nbuild_args = ['-ldflags']\n", want: "2:15: velox.build_args: -ldflags has no value"},
	{name: "quote not closed", data: "[velox]\nbuild_args = [\"-ldflags=-X 'a.b=c\"]\n", want: "2:15: velox.build_args: -ldflags has an unclosed quote"},
	{name: "race not boolean", data: "[velox]\nbuild_args = ['-race=maybe']\n", want: "2:15: velox.build_args: -race must be true or false"},

	// RoadRunner, plugins
	{name: "ref and tag differ", data: "[roadrunner]\ntag = 'v1'\nref = 'v2'\n", want: "3:1: roadrunner.ref and roadrunner.tag mean the same and differ, see 2:1"},
	{name: "plugin's ref and tag differ", data: "[plugins.a]\nurl = '/a'\nref = 'v1'\ntag = 'v2'\n", want: "4:1: plugins.a.tag and plugins.a.ref mean the same and differ, see 3:1"},
	{name: "ref is a flag", data: "[roadrunner]\nref = '--upload-pack=touch'\n", want: `2:7: roadrunner: ref "--upload-pack=touch" begins with a dash`},
	{name: "ref is a range", data: "[plugins.a]\nurl = '/a'\ntag = 'v1..v2'\n", want: `3:7: plugin "a": tag "v1..v2" is not a name that git allows: want a tag, a branch, a commit, or a ref such as refs/pull/1/head`},
	{name: "ref with a space", data: "[plugins.a]\nurl = '/a'\ntag = 'v1 v2'\n", want: `3:7: plugin "a": tag "v1 v2" is not a name that git allows: want a tag, a branch, a commit, or a ref such as refs/pull/1/head`},
	{name: "path and ref", data: "[roadrunner]\npath = '../rr'\nref = 'v1'\n", want: "3:1: roadrunner: ref and path cannot both be set: path is a directory, used as it is"},
	{
		name: "path, url and tag", data: "[plugins.a]\npath = '../rr'\nurl = '../a'\ntag = 'v1'\n",
		want: "3:1: plugin \"a\": url and path cannot both be set: path is a directory, used as it is\n4:1: plugin \"a\": tag and path cannot both be set: path is a directory, used as it is",
	},
	{name: "path and patches", data: "[plugins.a]\npath = '../a'\npatches = 'x.patch'\n", want: `3:1: plugin "a": patches and path cannot both be set`, hint: "edit the files in the directory that path names"},
	{name: "no such patch", data: "[roadrunner]\npatches = ['no.patch']\n", want: `2:12: roadrunner: patches: no.patch: there is no such file`},
	{name: "an empty patch", data: "[roadrunner]\npatches = ['']\n", want: `2:12: roadrunner: patches: : there is no such file`},
	{name: "patches of nothing", data: "[[modules]]\nmodule = 'github.com/acme/a'\npatches = ['*.patch']\n", want: `3:12: module "github.com/acme/a": patches: *.patch: matches no file`},
	{name: "two plugins of a module, patches of one", data: "[plugins.a]\nmodule_name = 'github.com/acme/a'\nref = 'v1'\nimport = 'github.com/acme/a/b'\n[plugins.c]\nmodule_name = 'github.com/acme/a'\nref = 'v1'\npatches = []\n[plugins.d]\nmodule_name = 'github.com/acme/a'\nref = 'v1'\nimport = 'github.com/acme/a/d'\npatches = 'no.patch'\n",
		want: "13:1: plugin \"d\" and plugin \"a\" are of one module, and their patches differ, see 1:10\n13:11: plugin \"d\": patches: no.patch: there is no such file"},
	{name: "no ref", data: "[plugins.a]\nmodule_name = 'github.com/acme/a'\n", want: `1:10: plugin "a" has no ref`},
	{name: "empty ref", data: "[plugins.a]\nmodule_name = 'github.com/acme/a'\nref = ''\n", want: `1:10: plugin "a" has no ref`},
	{name: "nothing at all", data: "[plugins.a]\n", want: "1:10: plugin \"a\" has no ref\n1:10: plugin \"a\" has none of module_name, url, path, owner and repository"},
	{name: "nothing on GitHub", data: "[github.plugins.a]\n", want: "1:17: github plugin \"a\" has no ref\n1:17: github plugin \"a\" has no owner\n1:17: github plugin \"a\" has no repository"},
	{name: "no repository", data: "[plugins.a]\nowner = 'acme'\nref = 'v1'\n", want: `1:10: plugin "a" has no repository`},
	{name: "no owner", data: "[gitlab.plugins.a]\nrepository = 'acme/a'\nref = 'v1'\n", want: `1:17: gitlab plugin "a" has no owner`},
	{
		name: "project id", data: "[gitlab.plugins.a]\nowner = 'acme'\nrepository = '1234'\nref = 'v1'\n",
		want: `3:14: gitlab plugin "a": repository "1234" is a project id, and git cannot clone by number`,
		hint: `set url = "https://gitlab.com/GROUP/PROJECT.git" on the plugin, or name the project:
  [gitlab.projects]
  1234 = "GROUP/PROJECT"`,
	},
	{
		name: "project id, own endpoint, other project", data: "[gitlab]\nendpoint.endpoint = 'https://git.corp/'\nprojects.1 = 'a/b'\n[gitlab.plugins.a]\nowner = 'acme'\nrepository = 1234\nref = 'v1'\n",
		want: `6:14: gitlab plugin "a": repository "1234" is a project id, and git cannot clone by number`,
		hint: `set url = "https://git.corp/GROUP/PROJECT.git" on the plugin, or name the project in [gitlab.projects]:
  1234 = "GROUP/PROJECT"`,
	},
	{
		name: "project ids", data: "[gitlab.plugins]\na = { owner = 'acme', repository = '7', ref = 'v1' }\nb = { owner = 'acme', repository = 8, ref = 'v1' }\nc = { owner = 'acme', repository = 7, ref = 'v1', symbol = 'C' }\n",
		want: `2:36: gitlab plugins "a", "b", "c": repositories "7", "8" are project ids, and git cannot clone by number`,
		hint: `set url = "https://gitlab.com/GROUP/PROJECT.git" on the plugins, or name the projects:
  [gitlab.projects]
  7 = "GROUP/PROJECT"
  8 = "GROUP/PROJECT"`,
	},
	{name: "no owner, no group", data: "[gitlab.plugins.a]\nrepository = 'a'\nref = 'v1'\n", want: `1:17: gitlab plugin "a" has no owner`},
	{name: "owner is a path", data: "[github.plugins.a]\nowner = '../acme'\nrepository = 'a'\nref = 'v1'\n", want: `2:9: github plugin "a": owner "../acme" is not a part of a clone URL`},
	{name: "repository with a query", data: "[github.plugins.a]\nowner = 'acme'\nrepository = 'a?b'\nref = 'v1'\n", want: `3:14: github plugin "a": repository "a?b" is not a part of a clone URL`},
	{name: "names differ in case", data: "[plugins.a]\npath = 'a'\n[plugins.A]\npath = 'b'\n", want: `3:10: plugin "A" is already set as "a" at 1:10`},
	{name: "one name in two tables", data: "[plugins.a]\npath = 'a'\n[github.plugins.a]\nowner = 'acme'\nrepository = 'a'\nref = 'v1'\n", want: `3:17: github plugin "a" is already set as "a" at 1:10`},
	{name: "RoadRunner's name", data: "[plugins.RoadRunner]\npath = 'a'\n", want: `1:10: plugin "RoadRunner" has the name of RoadRunner itself`, hint: "give it another name, such as my-roadrunner"},
	{name: "no name", data: "[plugins.'']\npath = 'a'\n", want: "1:10: a plugin has no name"},
	{name: "a module twice", data: "[plugins.a]\nmodule_name = 'github.com/acme/a'\npath = 'a'\n[plugins.b]\nmodule_name = 'github.com/acme/a'\npath = 'b'\n", want: `5:1: module "github.com/acme/a" is already listed at 2:1`, hint: severalPlugins},
	{name: "a module at two refs", data: "[plugins.a]\nmodule_name = 'github.com/acme/a'\ntag = 'v1.0.0'\n[plugins.b]\nmodule_name = 'github.com/acme/a'\nimport = 'github.com/acme/a/b'\nref = 'v1.1.0'\n", want: `7:1: plugin "b" and plugin "a" are of one module, and their ref differs, see 1:10`},
	{name: "a module in two folders", data: "[plugins.a]\nmodule_name = 'github.com/acme/a'\npath = 'a'\n[plugins.b]\nmodule_name = 'github.com/acme/a'\nsymbol = 'Other'\npath = 'b'\n", want: `7:1: plugin "b" and plugin "a" are of one module, and their path differs, see 1:10`},
	{name: "a module and a plugin", data: "[plugins.a]\nmodule_name = 'github.com/acme/a'\npath = 'a'\n[[modules]]\nmodule = 'github.com/acme/a'\n", want: `5:1: module "github.com/acme/a" is already listed at 2:1`},
	{name: "bad module path", data: "[plugins.a]\nmodule_name = 'acme/a'\nref = 'v1'\n", want: `2:15: plugin "a": module_name is a malformed module path "acme/a": missing dot in first path element`},
	{name: "module path is a URL", data: "[plugins.a]\nmodule_name = 'https://u:hunter2@github.com/acme/a'\npath = 'a'\n", want: `2:15: plugin "a": module_name is a URL, want a module path such as github.com/acme/lib`},
	{name: "bad import path", data: "[plugins.a]\nimport = 'github.com//a'\npath = 'a'\n", want: `2:10: plugin "a": malformed import path "github.com//a": double slash`},
	{name: "import of another module", data: "[plugins.a]\nimport = 'github.com/acme/ab'\nmodule_name = 'github.com/acme/a'\npath = 'a'\n", want: `2:10: plugin "a": import "github.com/acme/ab" is not in the module "github.com/acme/a"`},
	{name: "symbol not exported", data: "[plugins.a]\nsymbol = 'plugin'\npath = 'a'\n", want: `2:10: plugin "a": symbol "plugin" is not an exported Go name`},
	{name: "symbol is code", data: "[plugins.a]\nsymbol = 'Plugin{}'\npath = 'a'\n", want: `2:10: plugin "a": symbol "Plugin{}" is not an exported Go name`},
	{name: "symbol is a keyword", data: "[plugins.a]\nsymbol = 'func'\npath = 'a'\n", want: `2:10: plugin "a": symbol "func" is not an exported Go name`},
	{name: "folder leads out", data: "[plugins.a]\nfolder = 'a/../../b'\npath = 'a'\n", want: `2:10: plugin "a": folder "a/../../b" is not a plain path below the repository's root`},
	{name: "folder is not clean", data: "[plugins.a]\nfolder = './a'\npath = 'a'\n", want: `2:10: plugin "a": folder "./a" is not a plain path below the repository's root`},
	{name: "folder with backslashes", data: "[plugins.a]\nfolder = 'a\\b'\npath = 'a'\n", want: `2:10: plugin "a": folder "a\\b" is not a plain path below the repository's root`},
	{name: "replace is no module", data: "[plugins.a]\nreplace = 'fork'\npath = 'a'\n", want: `2:11: plugin "a": replace is not a directory, which begins with ./, ../ or /, and as a module it is a malformed module path "fork": missing dot in first path element`},
	{name: "replace's version", data: "[plugins.a]\nreplace = 'github.com/acme/a@-v1'\npath = 'a'\n", want: `2:11: plugin "a": replace has a version that begins with a dash`},
	{name: "no home", data: "[plugins.a]\npath = '~/a'\n", want: "2:8: plugins.a.path is below ~/ and HOME is not set"},

	// Clone URLs
	{name: "URL is a flag", data: "[plugins.a]\nurl = '--upload-pack=touch'\nref = 'v1'\n", want: `2:7: plugin "a": url begins with a dash`},
	{name: "host is a flag", data: "[plugins.a]\nurl = 'ssh://-oProxyCommand=touch/a'\nref = 'v1'\n", want: `2:7: plugin "a": url has a part that begins with a dash`},
	{name: "scp host is a flag", data: "[plugins.a]\nurl = 'git@-oProxyCommand=touch:a'\nref = 'v1'\n", want: `2:7: plugin "a": url has a part that begins with a dash`},
	{name: "remote helper", data: "[roadrunner]\nurl = 'ext::sh -c touch'\n", want: "2:7: roadrunner: url names a remote helper, which would be run as a program"},
	{name: "remote helper with a URL", data: "[roadrunner]\nurl = 'ext::https://git.corp'\n", want: "2:7: roadrunner: url names a remote helper, which would be run as a program"},
	{name: "file URL", data: "[roadrunner]\nurl = 'file:///srv/rr.git'\n", want: "2:7: roadrunner: url begins with file://, want the path alone"},
	{name: "scheme", data: "[roadrunner]\nurl = 'ftp://git.corp/rr.git'\n", want: `2:7: roadrunner: url has the scheme "ftp", want https, http or ssh`},
	{name: "not a URL", data: "[roadrunner]\nurl = 'https://u:hunter2@git.corp:port/rr.git'\n", want: "2:7: roadrunner: url is not a valid URL"},
	{name: "no host", data: "[roadrunner]\nurl = 'https:///rr.git'\n", want: "2:7: roadrunner: url has no host"},
	{name: "neither", data: "[[modules]]\nmodule = 'github.com/acme/a'\nurl = 'acme/a'\n", want: `3:7: module "github.com/acme/a": url is neither a URL, user@host:path nor a path, which begins with ./ or ../ or /`},
	{name: "password", data: "[roadrunner]\nurl = 'ssh://u:hunter2@git.corp/rr.git'\n", want: "2:7: roadrunner: url has a password in it", hint: `give the password in [git.credentials."HOST"]`},

	// Forges
	{name: "base_url and endpoint", data: "[github]\nendpoint.endpoint = 'https://a.corp'\nbase_url = 'https://b.corp'\n", want: "3:1: github.base_url and github.endpoint.endpoint mean the same and differ, see 2:10"},
	{name: "two tokens", data: "[github_token]\ntoken = 'hunter2'\n[github.token]\ntoken = 'hunter3'\n", want: "4:1: github.token.token and github_token.token mean the same and differ, see 2:1"},
	{name: "base is a path", data: "[github]\nbase_url = '/srv/git'\n", want: "2:12: github.base_url is not a URL"},
	{name: "base cannot be parsed", data: "[github]\nbase_url = 'https://%zz'\ntoken.token = 'hunter2'\n", want: "2:12: github: base_url is not a valid URL"},
	{name: "base is a flag", data: "[gitlab.endpoint]\nendpoint = 'ssh://-o'\n", want: "2:12: gitlab.endpoint: endpoint has a part that begins with a dash"},
	{name: "project without a group", data: "[gitlab.projects]\n12 = 'a'\n", want: `2:6: gitlab.projects.12 is "a", want GROUP/PROJECT`},
	{name: "project is a path", data: "[gitlab.projects]\n12 = '../a'\n", want: `2:6: gitlab.projects.12 is "../a", want GROUP/PROJECT`},

	// Mirrors, git
	{name: "mirror is a helper", data: "[mirrors]\n'https://github.com/' = ['/a/', 'ext::sh -c ']\n", want: `2:33: mirrors."https://github.com/": the mirror names a remote helper, which would be run as a program`},
	{name: "mirror is a file URL", data: "[mirrors]\n'https://github.com/' = 'file:///srv/'\n", want: `2:25: mirrors."https://github.com/": the mirror begins with file://, want the path alone`},
	{name: "no mirror", data: "[mirrors]\n'https://github.com/' = []\n", want: `2:25: mirrors."https://github.com/" names no mirror`},
	{name: "empty mirror", data: "[mirrors]\n'https://github.com/' = ''\n", want: `2:25: mirrors."https://github.com/": the mirror is empty`},
	{name: "mirror of nothing", data: "[mirrors]\n'' = '/srv/'\n", want: "2:1: mirrors has an empty prefix"},
	{name: "pattern", data: "[git]\nmodules = ['github.com/a', 'github.com/[']\n", want: `2:28: git.modules: "github.com/[" is not a pattern`},
	{name: "credential's URL", data: "[git.credentials.'https://git.corp']\npassword = 'x'\n", want: `1:18: git.credentials: "https://git.corp" is not a host, such as git.corp or git.corp:8443`},
	{name: "credential without secret", data: "[git.credentials.'git.corp']\nusername = 'x'\n", want: `1:18: git.credentials."git.corp" has neither password nor ssh_key`},
	{name: "hosts differ in case", data: "[git.credentials]\n'git.corp'.password = 'x'\n'Git.Corp'.password = 'y'\n", want: `3:1: git.credentials."Git.Corp" is already set at 2:1`},

	// Modules, replaces, excludes
	{name: "module without path", data: "[[modules]]\nref = 'v1'\n", want: "1:3: modules has an entry without module"},
	{name: "module's path", data: "[[modules]]\nmodule = 'acme'\n", want: `2:10: module "acme": module is a malformed module path "acme": missing dot in first path element`},
	{name: "module's path and url", data: "[[modules]]\nmodule = 'github.com/acme/a'\npath = 'a'\nurl = '/a'\n", want: `4:1: module "github.com/acme/a": url and path cannot both be set: path is a directory, used as it is`},
	{name: "checksum", data: "[[modules]]\nmodule = 'github.com/acme/a'\nchecksum = 'no'\n", want: `3:12: modules.checksum is "no", want on or off`},
	{name: "replaces without keys", data: "[[replaces]]\n", want: "1:3: replaces has an entry without old\n1:3: replaces has an entry without new"},
	{name: "replaces the same", data: "[[replaces]]\nold = 'github.com/acme/a'\nnew = './a'\n[[replaces]]\nold = 'github.com/acme/a'\nnew = './b'\n", want: `5:1: replaces.old "github.com/acme/a" is already replaced at 2:1`},
	{name: "replaces no module", data: "[[replaces]]\nold = './a'\nnew = './b'\n", want: `2:7: replaces.old: malformed module path "./a": invalid path element "."`},
	{name: "replaces no version", data: "[[replaces]]\nold = 'github.com/acme/a@main'\nnew = './b'\n", want: "2:7: replaces.old: github.com/acme/a@main: invalid version: not a semantic version"},
	{name: "replaces by a word", data: "[[replaces]]\nold = 'github.com/acme/a'\nnew = 'b'\n", want: `3:7: replaces.new is not a directory, which begins with ./, ../ or /, and as a module it is a malformed module path "b": missing dot in first path element`},
	{name: "replaces by a version of a directory", data: "[[replaces]]\nold = 'github.com/acme/a'\nnew = '../a@v1.2.3'\n", want: `3:7: replaces.new is a directory with a version, which only a module has`, hint: `write "../a", or "../a@v1.2.3/" if that is the directory's name`},
	{name: "replace by a version of a directory", data: "[plugins.a]\nreplace = '/srv/a@v1.2.3'\npath = 'a'\n", want: `2:11: plugin "a": replace is a directory with a version, which only a module has`, hint: `write "/srv/a", or "/srv/a@v1.2.3/" if that is the directory's name`},
	{name: "replaces by a URL", data: "[[replaces]]\nold = 'github.com/acme/a'\nnew = 'https://u:hunter2@git.corp/a'\n", want: `3:7: replaces.new is not a directory, which begins with ./, ../ or /, and as a module it is a URL, want a module path such as github.com/acme/lib`},
	{name: "excludes without keys", data: "[[excludes]]\n", want: "1:3: excludes has an entry without module\n1:3: excludes has an entry without version"},
	{name: "audit without keys", data: "[audit]\nignore = [{}, { reason = \"\" }]\n", want: "2:11: audit.ignore has an entry without id\n2:15: audit.ignore has an entry without id"},
	{name: "audit with other dates", data: "[audit]\nignore = [{ id = 'GO-1', until = '31.1.2027' }, { id = 'GO-2', until = 2027 }, { id = 'GO-3', until = 2027-01-31T00:00:00Z }]\n",
		want: "2:34: audit.ignore.until is \"31.1.2027\", want a day like 2027-01-31\n2:72: audit.ignore.until is an integer, want a day like 2027-01-31\n2:103: audit.ignore.until is a date or time, want a day like 2027-01-31"},
	{name: "excludes a branch", data: "[[excludes]]\nmodule = 'github.com/acme/a'\nversion = 'main'\n", want: "3:11: excludes: github.com/acme/a@main: invalid version: not a semantic version"},
	{name: "excludes a beginning", data: "[[excludes]]\nmodule = 'github.com/acme/a'\nversion = 'v1'\n", want: "3:11: excludes: github.com/acme/a@v1: the version is not whole, want one like v1.2.3"},
	{name: "excludes another major", data: "[[excludes]]\nmodule = 'github.com/acme/a/v2'\nversion = 'v1.0.0'\n", want: "3:11: excludes: github.com/acme/a/v2@v1.0.0: invalid version: should be v2, not v1"},

	// Build, log
	{name: "name is a path", data: "[build]\nname = '../rr'\n", want: `2:8: build.name "../rr" is not a file's name`},
	{name: "ldflags quote", data: "[build]\nldflags = [\"-X 'a.b=c\"]\n", want: "2:12: build.ldflags has an unclosed quote"},
	{name: "tags", data: "[build]\ntags = ['a b', 'c,d-e', ' f , ']\n", want: `2:9: build.tags: "a b" is not a build tag: it may have letters, digits, _ and . only` + "\n" + `2:16: build.tags: "d-e" is not a build tag: it may have letters, digits, _ and . only`},
	{name: "ldflags without a dash", data: "[build]\nldflags = ['zzz', '-X a.b=c', '-X=a.b=c', 'd']\n", want: `2:12: build.ldflags: "zzz" does not begin with a dash, and is not the value of a flag before it` + "\n" + `2:43: build.ldflags: "d" does not begin with a dash, and is not the value of a flag before it`},
	{name: "gcflags", data: "[build]\ngcflags = ['-N -l', 'all=-m', 'a=', 'all=m', 'zzz', '=-m']\n", want: `2:37: build.gcflags: "all=m" is neither FLAGS, which begin with a dash, nor PATTERN=FLAGS, such as all=-N` + "\n" + `2:46: build.gcflags: "zzz" is neither FLAGS, which begin with a dash, nor PATTERN=FLAGS, such as all=-N` + "\n" + `2:53: build.gcflags: "=-m" is neither FLAGS, which begin with a dash, nor PATTERN=FLAGS, such as all=-N`},
	{name: "pgo", data: "[build]\npgo = 'default'\n", want: `2:7: build.pgo is "default", want auto, off or a file`},
	{name: "target", data: "[build]\ntargets = ['linux']\n", want: `2:12: build.targets: "linux" is not OS/ARCH or OS/ARCH/VARIANT, such as linux/amd64 or linux/arm/v6`},
	{name: "target twice", data: "[build]\ntargets = ['linux/amd64', 'Linux/amd64']\n", want: "2:27: build.targets has linux/amd64 twice"},
	{name: "target platform", data: "[target_platform]\nos = 'linux/amd64'\n", want: `2:6: target_platform.os is "linux/amd64", want a name that Go knows`},
	{name: "targets and platform", data: "[target_platform]\nos = 'linux'\narch = 'amd64'\n[build]\ntargets = ['linux/arm64']\n", want: "5:1: build.targets and target_platform differ, see 1:2"},
	{name: "log level", data: "[log]\nlevel = 3\n", want: "2:9: log.level is an integer, want a string"},
}

func TestErrors(t *testing.T) {
	vars := map[string]string{"NEWLINE": "v1\nv2", "NUL": "a\x00b", "LATIN1": "caf\xe9", "OK": "v1"}
	for _, tt := range brokenConfigs {
		t.Run(tt.name, func(t *testing.T) {
			data := tt.whole()
			_, err := Data("acme.toml", []byte(data), dir, env(vars))
			if err == nil {
				t.Fatalf("no error, want\n%s", tt.want)
			}
			got := strings.ReplaceAll(strings.ReplaceAll(err.Error(), "acme.toml:", ""), "acme.toml", "")
			if want := strings.TrimPrefix(tt.want, ": "); strings.TrimPrefix(got, " ") != want {
				t.Errorf("error is\n%s\nwant\n%s", got, want)
			}
			// No problem hides another.
			_, more := Data("acme.toml", []byte(data+"\n[zzz]\n"), dir, env(vars))
			if whole := tree.Parse("acme.toml", []byte(data)).Whole; whole && !strings.HasPrefix(more.Error(), err.Error()+"\n") {
				t.Errorf("with an unknown key besides the error is\n%v\nwant it to begin with\n%v", more, err)
			}
			if strings.Contains(err.Error(), "hunter") {
				t.Errorf("the error has a secret in it: %v", err)
			}
			var wantHints []string
			if tt.hint != "" {
				wantHints = []string{tt.hint}
			}
			if hints := err.(*config.ErrorList).Hints(); !reflect.DeepEqual(hints, wantHints) {
				t.Errorf("hints are %q, want %q", hints, wantHints)
			}
		})
	}
}

// TestAllAtOnce wants every problem of a file, in the file's order, whichever
// step finds it.
func TestAllAtOnce(t *testing.T) {
	const data = `
[plugins.http]
tga = "v5.2.0"
module_name = "github.com/acme/http/v5"

[roadrunner]
ref = 2025

[plugins.static]
tag = "${NOPE}"
module_name = "acme"

[roadrunner]
ref = "v2025.1.15"

[build]
targets = ["linux"]

[log]
level = true

[gitlab.plugins]
queue = { ref = "main", owner = "acme", repository = "7" }

[[excludes]]
module = "github.com/acme/a"
`
	const want = `acme.toml:3:1: unknown key "tga" in [plugins.http], did you mean "tag"?
acme.toml:7:7: roadrunner.ref is an integer, want a string
acme.toml:10:7: plugins.static.tag: the environment variable "NOPE" is not set
acme.toml:11:15: plugin "static": module_name is a malformed module path "acme": missing dot in first path element
acme.toml:14:1: roadrunner.ref is already set at acme.toml:7:1
acme.toml:17:12: build.targets: "linux" is not OS/ARCH or OS/ARCH/VARIANT, such as linux/amd64 or linux/arm/v6
acme.toml:20:9: log.level is a boolean, want a string
acme.toml:23:54: gitlab plugin "queue": repository "7" is a project id, and git cannot clone by number
acme.toml:25:3: excludes has an entry without version`
	wantHints := []string{
		"set NOPE, or write the value in place of ${NOPE}",
		`set url = "https://gitlab.com/GROUP/PROJECT.git" on the plugin, or name the project:
  [gitlab.projects]
  7 = "GROUP/PROJECT"`,
	}
	c, err := Data("acme.toml", []byte(data), dir, env(nil))
	if err == nil || err.Error() != want {
		t.Errorf("error is\n%v\nwant\n%s", err, want)
	}
	if hints := err.(*config.ErrorList).Hints(); !reflect.DeepEqual(hints, wantHints) {
		t.Errorf("hints are %q, want %q", hints, wantHints)
	}
	if len(c.Plugins) != 3 {
		t.Errorf("%d plugins are read, want all 3", len(c.Plugins))
	}
}
