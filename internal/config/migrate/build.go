package migrate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/lines"
	"github.com/vxlite/vxlite/internal/config/parse"
)

// velox makes [velox] build_args a [build].
func (m *migration) velox(x lines.Expression, body []lines.Expression) {
	keys := buildKeys(m.cfg.Build)
	if slices.ContainsFunc(m.doc.Expressions, func(e lines.Expression) bool { return e.Kind == unstable.Table && lines.Is(e.Path, "build") }) {
		m.notef(x, "[velox] is left as it is, since there is a [build] too")
		return
	}
	if len(keys) == 0 {
		m.doc.Drop(x)
	} else {
		m.doc.Replace(x, "[build]")
		m.seen["build"] = true
	}
	for _, name := range parse.BuildArgVariables() {
		if strings.Contains(strings.Join(keys, "\n"), "${"+name+"}") {
			m.notef(x, "%s has to be set from now on: in [build] a variable that is not set is an error, in [velox] it was empty", name)
		}
	}
	for i, e := range body {
		if i == 0 && len(keys) > 0 {
			m.doc.Replace(e, keys...)
		} else {
			m.doc.Drop(e)
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
func (m *migration) platform(x lines.Expression, body []lines.Expression) {
	if len(m.cfg.Build.Targets) != 1 || len(body) == 0 {
		return
	}
	if m.seen["build"] || slices.ContainsFunc(m.doc.Expressions, func(e lines.Expression) bool {
		return e.Kind == unstable.Table && (lines.Is(e.Path, "build") || lines.Is(e.Path, "velox"))
	}) {
		m.notef(x, "[target_platform] is left as it is, since there is a [build] too")
		return
	}
	m.doc.Replace(x, "[build]")
	for i, e := range body {
		if i == 0 {
			m.doc.Replace(e, fmt.Sprintf("targets = [%q]", m.cfg.Build.Targets[0].String()))
		} else {
			m.doc.Drop(e)
		}
	}
}
