package parse

import (
	"errors"
	"strconv"
	"strings"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/tree"
)

// decodeVelox reads generation 0's [velox] build_args, which Velox hands to go
// build as they are, for what [build] says today.
func (d *draft) decodeVelox(t *tree.Node) {
	n := t.Get("build_args")
	if n == nil {
		return
	}
	d.notef(n.Key, "velox.build_args is an old key: use [build]")
	args := t.Get("build_args").Strings()
	if len(args) < len(n.Items) {
		return // without one of them, its neighbours mean something else
	}
	for len(args) > 0 {
		args = d.decodeBuildArg(args)
	}
}

// decodeBuildArg reads the first argument, with its value if that is the
// second, and returns the others.
func (d *draft) decodeBuildArg(args []*tree.Node) []*tree.Node {
	arg, args := args[0], args[1:]
	name, value, hasValue := cutFlag(arg.Text)
	switch name {
	case "ldflags", "gcflags", "tags":
		if !hasValue && len(args) == 0 {
			d.Errorf(arg.Pos, "%s: -%s has no value", arg.Path(), name)
			return nil
		}
		if !hasValue {
			arg, value, args = args[0], args[0].Text, args[1:]
		}
		d.valueArg(arg, name, value)
	case "race":
		on, err := strconv.ParseBool(value)
		d.Build.Race = !hasValue || on
		if hasValue && err != nil {
			d.Errorf(arg.Pos, "%s: -race must be true or false", arg.Path())
		}
	case "trimpath":
		// Always on: paths would make the binary differ from place to place.
	default:
		d.notef(arg.Pos, "%s: %q is not used", arg.Path(), arg.Text)
		// What follows it without a dash is its value.
		for len(args) > 0 && name != "" && !hasValue && !strings.HasPrefix(args[0].Text, "-") {
			args = args[1:]
		}
	}
	return args
}

// valueArg reads one of the flags that have a value.
func (d *draft) valueArg(arg *tree.Node, name, value string) {
	switch name {
	case "tags":
		d.Build.Tags = append(d.Build.Tags, separated(value, ",")...)
	case "gcflags":
		d.Build.GCFlags = append(d.Build.GCFlags, value)
		d.Places.GCFlags = config.Place{Key: arg.Path(), Pos: arg.Pos}
	case "ldflags":
		flags, err := splitQuoted(value)
		if err != nil {
			d.Errorf(arg.Pos, "%s: -ldflags has %v", arg.Path(), err)
		}
		d.Build.LDFlags = append(d.Build.LDFlags, d.takeMeta(flags)...)
		d.Places.LDFlags = config.Place{Key: arg.Path(), Pos: arg.Pos}
	}
}

// takeMeta takes out of the linker's flags those that set RoadRunner's version
// and build time, and returns the others. The import path in them is that of
// one RoadRunner major, and need not be that of the one to build.
func (d *draft) takeMeta(flags []string) []string {
	var rest []string
	for i := 0; i < len(flags); i++ {
		definition, joined := strings.CutPrefix(flags[i], "-X=")
		switch {
		case joined:
		case flags[i] == "-X" && i+1 < len(flags):
			definition = flags[i+1]
		default:
			rest = append(rest, flags[i])
			continue
		}
		name, value, _ := strings.Cut(definition, "=")
		switch {
		case strings.HasSuffix(name, "/internal/meta.version"):
			d.Build.Version = value
		case strings.HasSuffix(name, "/internal/meta.buildTime"):
			d.Build.Time = value
		default:
			rest = append(rest, "-X", definition)
		}
		if !joined {
			i++ // the definition was a flag of its own
		}
	}
	return rest
}

// cutFlag takes -name=value or --name=value apart. The name is empty where
// arg is no flag.
func cutFlag(arg string) (name, value string, hasValue bool) {
	flag, ok := strings.CutPrefix(arg, "-")
	if !ok {
		return "", "", false
	}
	return strings.Cut(strings.TrimPrefix(flag, "-"), "=")
}

// splitQuoted splits flags at spaces as the go command does with -ldflags:
// quotes may surround a whole flag, and there is no escaping in them.
func splitQuoted(s string) ([]string, error) {
	var flags []string
	for s = strings.TrimLeft(s, " "); s != ""; s = strings.TrimLeft(s, " ") {
		end := " "
		if quote := s[:1]; quote == `"` || quote == "'" {
			s, end = s[1:], quote
		}
		flag, rest, ok := strings.Cut(s, end)
		if !ok && end != " " {
			return nil, errors.New("an unclosed quote")
		}
		flags = append(flags, flag)
		s = rest
	}
	return flags, nil
}
