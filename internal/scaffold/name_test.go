package scaffold

import "testing"

func TestNames(t *testing.T) {
	for name, good := range map[string]bool{
		"greeter": true, "rate-limit": true, "rate_limit": true, "tested": true, "test": true, "s3": true,
		"foo_test": false, "init": false, "main": false, "fmt": false, "func": false, "string": false, "nil": false, "in-it": false,
		"Mine": false, "a__b": false, "1st": false, "": false, "vendor": false, "server": false,
	} {
		err := PluginOptions{Name: name, Kind: "rpc", Module: "example.com/x"}.Check()
		if (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}
