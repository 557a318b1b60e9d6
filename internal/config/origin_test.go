package config

import "testing"

func TestPluginName(t *testing.T) {
	for _, tt := range []struct {
		origin Origin
		want   string
	}{
		{Origin{Name: "gzip"}, "gzip"},
		{Origin{Module: "github.com/roadrunner-server/gzip/v5"}, "gzip"},
		{Origin{Module: "github.com/acme/tools/plugins/hello"}, "hello"},
		{Origin{Module: "github.com/darkweak/souin/plugins/roadrunner"}, "souin"},
		{Origin{Module: "github.com/acme/roadrunner"}, "acme"},
		{Origin{URL: "https://git.corp/acme/RoadRunner.git"}, "acme"},
		{Origin{URL: "git@git.corp:acme/hello.git/"}, "hello"},
		{Origin{URL: "git@git.corp:hello"}, "hello"},
		{Origin{Dir: "../plugins"}, "plugins"},
	} {
		if got := tt.origin.PluginName(); got != tt.want {
			t.Errorf("%+v is called %q, want %q", tt.origin, got, tt.want)
		}
	}
}
