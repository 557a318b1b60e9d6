package main

import "testing"

func TestWithHome(t *testing.T) {
	for _, tt := range []struct {
		goos string
		vars map[string]string
		want string
	}{
		{"linux", map[string]string{"HOME": "/home/ann", "USERPROFILE": `C:\Users\ann`}, "/home/ann"},
		{"linux", map[string]string{"USERPROFILE": `C:\Users\ann`}, ""},
		{"windows", map[string]string{"USERPROFILE": `C:\Users\ann`}, `C:\Users\ann`},
		{"windows", map[string]string{"HOME": "", "USERPROFILE": `C:\Users\ann`}, `C:\Users\ann`},
		{"windows", map[string]string{"HOME": `D:\ann`, "USERPROFILE": `C:\Users\ann`}, `D:\ann`},
		{"windows", nil, ""},
	} {
		env := withHome(func(name string) (string, bool) { v, ok := tt.vars[name]; return v, ok }, tt.goos)
		if got, _ := env("HOME"); got != tt.want {
			t.Errorf("%s %v: %q, not %q", tt.goos, tt.vars, got, tt.want)
		}
	}
}
