// Package collector sets how often the garbage collector runs.
package collector

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

const (
	// rarely is how much memory may grow between two collections, in percent,
	// while there is little of it: a run is over before most is needed again.
	rarely = 800
	// usually is the runtime's own.
	usually = 100
	// little is up to how many bytes in use it is collected rarely.
	little = 20 << 20
)

// Tune has the collector run less often than by default until memory is
// needed. Where the user has a word in it, by GOGC or GOMEMLIMIT, nothing is
// changed. It is for main alone, as it concerns the process.
func Tune(env func(string) (string, bool)) {
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		if _, set := env(name); set {
			return
		}
	}
	debug.SetGCPercent(rarely)
	afterNext()
}

// afterNext looks at the memory in use after the next collection, and after
// each that follows, until there is more than little.
func afterNext() {
	type object struct{ _ *int } // with a pointer: small ones without are not collected one by one
	runtime.AddCleanup(new(object), func(int) {
		if inUse() > little {
			debug.SetGCPercent(usually)
			return
		}
		afterNext()
	}, 0)
}

// inUse is what the last collection left, in bytes.
func inUse() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
