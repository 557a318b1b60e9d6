package workspace

import (
	"testing"
	"time"
)

func TestEpoch(t *testing.T) {
	for value, want := range map[string]string{
		"": "0001-01-01T00:00:00Z", "0": "1970-01-01T00:00:00Z", "1767323045": "2026-01-02T03:04:05Z", "253402300799": "9999-12-31T23:59:59Z",
		"yesterday": "", "-1": "", "253402300800": "", "1e9": "", " 1": "",
	} {
		m := Machine{Env: func(string) (string, bool) { return value, true }}
		at, err := m.Epoch()
		if got := at.Format(time.RFC3339); (err == nil) != (want != "") || err == nil && got != want {
			t.Errorf("%q: %s, %v; want %q", value, got, err, want)
		}
		if e, ok := err.(*EpochError); err != nil && (!ok || e.ExitStatus() != 2) {
			t.Errorf("%q: %#v", value, err)
		}
	}
}
