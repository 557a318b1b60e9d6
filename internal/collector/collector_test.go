package collector

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

// percent is how often the collector runs now.
func percent() uint64 {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// TestTune has the collector run rarely until memory is in use, and not touched
// where the user set it.
func TestTune(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(usually))
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		Tune(func(n string) (string, bool) { return "off", n == name })
		if got := percent(); got != usually {
			t.Errorf("with %s set: %d", name, got)
		}
	}
	Tune(func(string) (string, bool) { return "", false })
	runtime.GC()
	if got := percent(); got != rarely {
		t.Errorf("with little in use: %d, want %d", got, rarely)
	}
	held := make([]byte, 2*little)
	deadline := time.Now().Add(10 * time.Second)
	for percent() != usually && time.Now().Before(deadline) {
		runtime.GC()
		time.Sleep(time.Millisecond) // for the cleanup
	}
	if got := percent(); got != usually {
		t.Errorf("with %d bytes in use: %d, want %d", len(held), got, usually)
	}
	runtime.KeepAlive(held)
}
