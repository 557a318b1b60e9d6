package testkit

import (
	"os"
	"path/filepath"
	"testing"
)

// TempHome is a new home directory, as [TelemetryOff] leaves it.
func TempHome(t testing.TB) (home string) {
	t.Helper()
	home = t.TempDir()
	if err := TelemetryOff(home); err != nil {
		t.Fatal(err)
	}
	return home
}

// TelemetryOff turns the go command's telemetry off for a home directory. It
// would start a child that outlives it and writes into the home, which the
// test's end removes at the same time.
func TelemetryOff(home string) error {
	for _, config := range []string{
		".config", // as XDG has it
		filepath.Join("Library", "Application Support"),
		filepath.Join("AppData", "Roaming"),
		"", // where APPDATA is the home
	} {
		dir := filepath.Join(home, config, "go", "telemetry")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "mode"), []byte("off"), 0o644); err != nil {
			return err
		}
	}
	return nil
}
