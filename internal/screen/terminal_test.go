package screen

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
		want           Options
	}{
		{"no terminal", stream{}, stream{}, nil, Options{}},
		{"terminal", tty, tty, nil, Options{Terminal: true, Width: 120, ResultWidth: 120, Color: true, ColorResult: true}},
		{"result to a file", stream{}, tty, nil, Options{Terminal: true, Width: 120, Color: true}},
		{"log to a file", tty, stream{}, nil, Options{ResultWidth: 120, ColorResult: true}},
		{"NO_COLOR", tty, tty, map[string]string{"NO_COLOR": "1"}, Options{Terminal: true, Width: 120, ResultWidth: 120}},
		{"NO_COLOR=0 is NO_COLOR", tty, tty, map[string]string{"NO_COLOR": "0"}, Options{Terminal: true, Width: 120, ResultWidth: 120}},
		{"empty NO_COLOR", tty, tty, map[string]string{"NO_COLOR": ""}, Options{Terminal: true, Width: 120, ResultWidth: 120, Color: true, ColorResult: true}},
		{"dumb terminal", tty, tty, map[string]string{"TERM": "dumb"}, Options{Width: 120, ResultWidth: 120}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			getenv := func(name string) string { return tt.env[name] }
			if got := TerminalOptions(tt.stdout, tt.stderr, getenv); got != tt.want {
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
	if got := InspectStream(file); got != (stream{}) {
		t.Errorf("a file: %+v", got)
	}
	if got := InspectStream(new(bytes.Buffer)); got != (stream{}) {
		t.Errorf("a buffer: %+v", got)
	}
}
