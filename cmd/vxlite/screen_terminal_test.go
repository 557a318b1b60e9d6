package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestTerminalOptions(t *testing.T) {
	tty := stream{terminal: true, width: 120}
	tests := []struct {
		name           string
		stdout, stderr stream
		env            map[string]string
		want           screenOptions
	}{
		{"no terminal", stream{}, stream{}, nil, screenOptions{}},
		{"terminal", tty, tty, nil, screenOptions{Terminal: true, Width: 120, Color: true, ColorResult: true}},
		{"result to a file", stream{}, tty, nil, screenOptions{Terminal: true, Width: 120, Color: true}},
		{"log to a file", tty, stream{}, nil, screenOptions{ColorResult: true}},
		{"NO_COLOR", tty, tty, map[string]string{"NO_COLOR": "1"}, screenOptions{Terminal: true, Width: 120}},
		{"NO_COLOR=0 is NO_COLOR", tty, tty, map[string]string{"NO_COLOR": "0"}, screenOptions{Terminal: true, Width: 120}},
		{"empty NO_COLOR", tty, tty, map[string]string{"NO_COLOR": ""}, screenOptions{Terminal: true, Width: 120, Color: true, ColorResult: true}},
		{"dumb terminal", tty, tty, map[string]string{"TERM": "dumb"}, screenOptions{Width: 120}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			getenv := func(name string) string { return tt.env[name] }
			if got := terminalOptions(tt.stdout, tt.stderr, getenv); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestInspectStream(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if got := inspectStream(file); got != (stream{}) {
		t.Errorf("a file: %+v", got)
	}
	if got := inspectStream(new(bytes.Buffer)); got != (stream{}) {
		t.Errorf("a buffer: %+v", got)
	}
}
