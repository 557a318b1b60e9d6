package rrcheck

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/rrkeys"
	"github.com/vxlite/vxlite/internal/rryaml"
)

// refuses says what a value would have to be so that a plugin can decode it into
// a type, or "". Values that a value holds are not looked at where they have
// lines of their own. RoadRunner decodes by mapstructure, as viper sets it up.
func refuses(t *rrkeys.Type, v *rryaml.Value) (want string) {
	switch t.Kind {
	case rrkeys.Any:
		return ""
	case rrkeys.Struct:
		if !v.IsMap() {
			return "a mapping"
		}
		return ""
	case rrkeys.Map:
		if !v.IsMap() && !(v.IsList() && mappings(v)) {
			return "a mapping"
		}
		return ""
	case rrkeys.List:
		if v.IsMap() && len(v.Keys) > 0 && noun[t.Elem.Kind] != "" {
			return "a list" // a mapping is a list of one otherwise
		}
		if v.IsList() || v.IsMap() {
			return ""
		}
		if s, ok := v.Scalar().(string); ok { // taken apart at commas
			for _, part := range strings.Split(s, ",") {
				if s != "" && !decodes(t.Elem, part) {
					return "a list"
				}
			}
			return ""
		}
		if !decodes(t.Elem, v.Scalar()) {
			return "a list"
		}
		return ""
	}
	if v.IsMap() || v.IsList() || !decodes(t, v.Scalar()) {
		return noun[t.Kind]
	}
	return ""
}

// remedy says what may be wrong with a value that a type refuses.
func remedy(t *rrkeys.Type, v *rryaml.Value) []string {
	if v.Split != "" {
		return []string{"RoadRunner takes the key " + v.Split + " apart at its dot"}
	}
	text, _ := v.Scalar().(string)
	if _, err := time.ParseDuration(text); err == nil && (t.Kind == rrkeys.Int || t.Kind == rrkeys.Uint) {
		return []string{"write the number without a unit"}
	}
	return nil
}

// mappings reports whether all elements of a list are mappings, which count as
// one then.
func mappings(v *rryaml.Value) bool {
	for _, i := range v.Items {
		if !i.IsMap() {
			return false
		}
	}
	return true
}

var noun = map[rrkeys.Kind]string{
	rrkeys.Bool: "true or false", rrkeys.Int: "a whole number", rrkeys.Uint: "a whole number", rrkeys.Float: "a number",
	rrkeys.String: "a string", rrkeys.Duration: "a duration such as 10s or 1m30s",
}

// decodes reports whether a scalar can be decoded into a type.
func decodes(t *rrkeys.Type, scalar any) bool {
	var out any
	switch t.Kind {
	case rrkeys.Any:
		return true
	case rrkeys.Bool:
		out = new(bool)
	case rrkeys.Int:
		out = new(int64)
	case rrkeys.Uint:
		out = new(uint64)
	case rrkeys.Float:
		out = new(float64)
	case rrkeys.String:
		out = new(string)
	case rrkeys.Duration:
		out = new(time.Duration)
	default:
		return false
	}
	d, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{Result: out, WeaklyTypedInput: true, DecodeHook: mapstructure.StringToTimeDurationHookFunc()})
	return err == nil && d.Decode(scalar) == nil
}

// shown words a value in an error.
func shown(v *rryaml.Value) string {
	switch {
	case v.IsMap():
		return "a mapping"
	case v.IsList():
		return "a list"
	}
	if s, ok := v.Scalar().(string); ok {
		return strconv.Quote(brief.Line(s))
	}
	return fmt.Sprint(v.Scalar())
}
