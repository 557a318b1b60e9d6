package live

import (
	"cmp"
	"io"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/spf13/pflag"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/endure"
	"github.com/vxlite/vxlite/internal/rryaml"
	"github.com/vxlite/vxlite/internal/run"
)

// serving is where `rr serve` finds its settings. The names are relative where
// those on the command line are.
type serving struct {
	// file is the .rr.yaml, and dir the server's working directory.
	file, dir string
	// dotenv is a file of environment variables, or empty.
	dotenv string
	// set are key=value, over what the file has.
	set []string
}

// servingOf reads RoadRunner's command line as its internal/cli does. It is nil
// for anything else than `rr serve`.
func servingOf(args []string, env func(string) (string, bool)) *serving {
	flags := pflag.NewFlagSet("rr", pflag.ContinueOnError)
	flags.SetOutput(io.Discard)
	file := flags.StringP("config", "c", ".rr.yaml", "")
	dir := flags.StringP("WorkDir", "w", "", "")
	dotenv := flags.String("dotenv", "", "")
	set := flags.StringArrayP("override", "o", nil, "")
	for name, short := range map[string]string{"enable-experimental": "e", "force": "f", "pid": "p", "debug": "d", "silent": "s", "version": "v"} {
		flags.BoolP(name, short, false, "")
	}
	if err := flags.Parse(args); err != nil || flags.Arg(0) != "serve" || flags.Changed("version") || *file == "" {
		return nil // help is an error, too
	}
	at := func(dir, name string) string {
		if name == "" || filepath.IsAbs(name) {
			return name
		}
		return filepath.Join(dir, name)
	}
	s := &serving{file: at(*dir, *file), dir: *dir, set: *set}
	s.dir = cmp.Or(s.dir, filepath.Dir(s.file))
	if name, ok := env("DOTENV_PATH"); ok {
		*dotenv = name
	}
	s.dotenv = at(s.dir, *dotenv)
	return s
}

// files are the absolute names of the .rr.yaml, of what it includes, and of the
// files of environment variables. Some may not be there.
func (s *serving) files(env func(string) (string, bool)) []string {
	if s == nil {
		return nil
	}
	names := rryaml.Files(s.file, s.dir, env)
	if s.dotenv != "" {
		names = append(names, s.dotenv)
	}
	var out []string
	for _, name := range names {
		if abs, err := filepath.Abs(name); err == nil {
			out = append(out, abs)
		}
	}
	return out
}

// CheckPHP refuses arguments of a server whose .rr.yaml starts php where there is
// none. What else is wrong with the file, the server says.
func CheckPHP(cfg *config.Config, args []string, env func(string) (string, bool)) error {
	s := servingOf(args, env)
	if s == nil || runtime.GOOS == "windows" || !startsWorkers(cfg) { // there, php may also be a script
		return nil
	}
	path, _ := env("PATH")
	y, err := rryaml.ReadIn(s.dir, s.file, env, s.set...)
	if err != nil || run.LookPath("php", path) != "" {
		return nil
	}
	for _, c := range y.Commands() {
		if c.Program == "php" {
			return &rryaml.Error{File: c.File, Line: c.Line, Text: "the server starts php, which is not on PATH", Status: 1,
				Hint: []string{"install PHP's command line, on Debian with apt install php-cli"}}
		}
	}
	return nil
}

// startsWorkers reports whether a config has RoadRunner's plugin server, as far
// as it shows.
func startsWorkers(cfg *config.Config) bool {
	return slices.ContainsFunc(cfg.Plugins, func(p config.Plugin) bool {
		return p.Name == "server" || endure.SameModule(p.ModulePath, "github.com/roadrunner-server/server")
	})
}
