package live

import (
	"cmp"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// TestChanges plays what changes and how tasks end: a word of code, or
// "settings", is a change; "!", "!compile" and "!check" end the task that is under
// way. After each, it says what is under way then, and "start" before it if the
// server is started, or "-".
func TestChanges(t *testing.T) {
	ends := map[string]outcome{"!": done, "!compile": notBuilt, "!check": notAdmitted}
	for _, tt := range []struct{ name, play, want string }{
		{"code", "a.go !", "[a.go] | start"},
		{"code that does not compile, mended", "a.go !compile b.go !", "[a.go] | - | [a.go b.go] | start"},
		{"code during a build", "a.go b.go !", "[a.go] | [a.go b.go] | start"},
		{"settings", "settings !", "check | start"},
		{"settings with a problem, mended", "settings !check settings !", "check | - | check | start"},
		{"settings during a build", "a.go settings !", "[a.go] | [a.go] check | start"},
		{"code and settings, which have a problem; these mended", "a.go settings !check settings !", "[a.go] | [a.go] check | - | check | start"},
		{"settings with a problem, and then code", "settings !check a.go !check settings !", "check | - | [a.go] check | - | check | start"},
		{"code does not compile, and then settings", "a.go !compile settings !", "[a.go] | - | check | start"},
		{"both at once, and the code does not compile", "a.go settings !compile ! b.go !", "[a.go] | [a.go] check | check | start | [a.go b.go] | start"},
		{"code while settings are looked at", "settings a.go !", "check | [a.go] check | start"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var c changes
			var under task
			var got []string
			for _, word := range strings.Fields(tt.play) {
				said := ""
				if end, ok := ends[word]; ok {
					before, start := under, false
					if c, start = c.after(under, end); start {
						said = "start"
					}
					if under = (task{}); c.again(before, end) {
						under = c.task()
					}
				} else {
					code := []string{word}
					if word == "settings" {
						code = nil
					}
					c = c.and(code, word == "settings")
					under = c.task()
				}
				if len(under.code) > 0 {
					said += fmt.Sprint(under.code)
				}
				if under.settings {
					said += " check"
				}
				got = append(got, cmp.Or(strings.TrimSpace(said), "-"))
			}
			if got := strings.Join(got, " | "); got != tt.want {
				t.Errorf("%s:\n got %s\nwant %s", tt.play, got, tt.want)
			}
		})
	}
}

// TestParted has changes to the settings, among others.
func TestParted(t *testing.T) {
	for _, tt := range []struct {
		files []string
		code  []string
		want  bool
	}{
		{[]string{"/a/.rr.yaml", "/a/x.go"}, []string{"/a/x.go"}, true},
		{[]string{"/b/.rr.yaml"}, []string{"/b/.rr.yaml"}, false},
		{[]string{"/a/more.yaml"}, nil, true},
	} {
		code, got := parted(tt.files, []string{"/a/.rr.yaml", "/a/more.yaml"})
		if got != tt.want || !reflect.DeepEqual(code, tt.code) {
			t.Errorf("%q: %q, %v", tt.files, code, got)
		}
	}
}
