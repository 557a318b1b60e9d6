package migrate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/parse"
)

// velox makes [velox] build_args a [build].
func (m *migration) velox(x expression, body []expression) {
	keys := buildKeys(m.cfg.Build)
	if slices.ContainsFunc(m.exprs, func(e expression) bool { return e.kind == unstable.Table && is(e.path, "build") }) {
		m.notef(x, "[velox] is left as it is, since there is a [build] too")
		return
	}
	if len(keys) == 0 {
		m.drop(x)
	} else {
		m.replace(x, "[build]")
		m.seen["build"] = true
	}
	for _, name := range parse.BuildArgVariables() {
		if strings.Contains(strings.Join(keys, "\n"), "${"+name+"}") {
			m.notef(x, "%s has to be set from now on: in [build] a variable that is not set is an error, in [velox] it was empty", name)
		}
	}
	for i, e := range body {
		if i == 0 && len(keys) > 0 {
			m.replace(e, keys...)
		} else {
			m.drop(e)
		}
	}
}

// buildKeys are the lines of a [build] for what old arguments say.
func buildKeys(b config.Build) []string {
	var keys []string
	add := func(key, value string) {
		if value != "" {
			keys = append(keys, key+" = "+strconv.Quote(value))
		}
	}
	add("version", b.Version)
	add("time", b.Time)
	for _, list := range []struct {
		key    string
		values []string
	}{{"tags", b.Tags}, {"ldflags", b.LDFlags}, {"gcflags", b.GCFlags}} {
		if len(list.values) > 0 {
			quoted := make([]string, len(list.values))
			for i, v := range list.values {
				quoted[i] = strconv.Quote(v)
			}
			keys = append(keys, list.key+" = ["+strings.Join(quoted, ", ")+"]")
		}
	}
	if b.Race {
		keys = append(keys, "race = true")
	}
	return keys
}

// platform makes [target_platform] a target of [build].
func (m *migration) platform(x expression, body []expression) {
	if len(m.cfg.Build.Targets) != 1 || len(body) == 0 {
		return
	}
	if m.seen["build"] || slices.ContainsFunc(m.exprs, func(e expression) bool {
		return e.kind == unstable.Table && (is(e.path, "build") || is(e.path, "velox"))
	}) {
		m.notef(x, "[target_platform] is left as it is, since there is a [build] too")
		return
	}
	m.replace(x, "[build]")
	for i, e := range body {
		if i == 0 {
			m.replace(e, fmt.Sprintf("targets = [%q]", m.cfg.Build.Targets[0].String()))
		} else {
			m.drop(e)
		}
	}
}
