// Package collector sets how often the garbage collector runs.
package collector

import "runtime/debug"

// Tune lets memory grow further than by default before it is collected, up to
// a bound: a run is over before most of it is needed again. What the user has
// set by GOGC or GOMEMLIMIT stays. It is for main alone, as it concerns the
// process.
func Tune(env func(string) (string, bool)) {
	const percent = 800
	if _, set := env("GOGC"); !set {
		debug.SetGCPercent(percent)
	}
	const bound = 192 << 20 // bytes, from which on it is collected as often as needed
	if _, set := env("GOMEMLIMIT"); !set {
		debug.SetMemoryLimit(bound)
	}
}
