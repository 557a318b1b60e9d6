package config

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	kib = 1 << 10
	mib = 1 << 20
	gib = 1 << 30
)

// units are those of sizes, the largest first.
var units = []struct {
	name  string
	bytes int64
}{{"GiB", gib}, {"MiB", mib}, {"KiB", kib}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1}}

// ParseSize reads a number of bytes, with or without a unit: 512, 2GiB, 100 MB.
func ParseSize(s string) (int64, error) {
	number, factor := s, int64(1)
	for _, u := range units {
		if n, ok := cutUnit(s, u.name); ok {
			number, factor = n, u.bytes
			break
		}
	}
	v, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a size", s)
	}
	if v > 0 && v > (1<<63-1)/factor {
		return 0, fmt.Errorf("%q is too large", s)
	}
	return v * factor, nil
}

func cutUnit(s, unit string) (string, bool) {
	at := len(s) - len(unit)
	if at <= 0 || !strings.EqualFold(s[at:], unit) {
		return s, false
	}
	return strings.TrimRight(s[:at], " "), true
}

// FormatSize is the shortest form of a size that ParseSize reads as the same.
func FormatSize(v int64) string {
	for _, u := range units[:3] {
		if v >= u.bytes && v%u.bytes == 0 {
			return strconv.FormatInt(v/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(v, 10) + "B"
}
