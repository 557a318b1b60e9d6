package main

import (
	"encoding/json"
	"os"
	"runtime"

	"github.com/rogpeppe/go-internal/testscript"
)

// saves holds what size said with --json --without to two binaries, within 5 %:
// saves WITH WITHOUT
func saves(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: saves WITH WITHOUT")
	}
	var said struct {
		Result struct {
			Without struct{ Leaves int64 }
		}
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &said))
	var sizes [2]int64
	for i, name := range args {
		fi, err := os.Stat(ts.MkAbs(name))
		ts.Check(err)
		sizes[i] = fi.Size()
	}
	leaves, real := said.Result.Without.Leaves, sizes[0]-sizes[1]
	ts.Logf("%d bytes were to leave, and %d do", leaves, real)
	slack := real / 20
	if runtime.GOARCH == "arm64" {
		slack += 3 << 16 // each segment of the file begins at a page of 64 KiB
	}
	if off := leaves - real; real < 100_000 || off > slack || off < -slack {
		ts.Fatalf("%d bytes were to leave, and %d do", leaves, real)
	}
}
