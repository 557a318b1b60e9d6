//go:build linux || freebsd

package run

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"
)

// TestMain is this program in another's place: see [TestOrphan].
func TestMain(m *testing.M) {
	script, ok := os.LookupEnv("VXLITE_TEST_PARENT")
	if !ok {
		os.Exit(m.Run())
	}
	c := Cmd{Path: "/bin/sh", Args: []string{"-c", script}, Env: []string{"PATH=" + os.Getenv("PATH")}, Stdout: os.Stdout, Stderr: os.Stderr}
	for range 20 { // threads of all kinds have come and gone before
		go func() { runtime.LockOSThread(); time.Sleep(time.Millisecond) }()
	}
	time.Sleep(10 * time.Millisecond)
	if os.Getenv("VXLITE_TEST_HOW") == "start" {
		if _, err := Start(nil, c); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		select {}
	}
	_, err := Run(context.Background(), nil, c)
	fmt.Fprintln(os.Stderr, err)
}

// TestOrphan kills a process that runs a program: that ends, too.
func TestOrphan(t *testing.T) {
	for _, tt := range []struct{ name, how, script string }{
		{"run", "run", `trap "" INT TERM HUP; echo ready; exec sleep 600`},
		{"start", "start", `trap "" INT TERM HUP; echo ready; exec sleep 600`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			parent := exec.Command(os.Args[0])
			parent.Env = append(os.Environ(), "VXLITE_TEST_PARENT="+tt.script, "VXLITE_TEST_HOW="+tt.how)
			parent.Stdout, parent.Stderr = w, w
			if err := parent.Start(); err != nil {
				t.Fatal(err)
			}
			w.Close()
			if err := r.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
				t.Fatal(err)
			}
			said := bufio.NewReader(r)
			if line, err := said.ReadString('\n'); line != "ready\n" {
				t.Fatalf("%q, %v", line, err)
			}
			time.Sleep(200 * time.Millisecond) // which the threads that have nothing to do may use to end
			if err := parent.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = parent.Wait()
			rest, err := io.ReadAll(said)
			if err != nil || len(rest) > 0 {
				t.Errorf("%q, %v; want nobody left", rest, err)
			}
		})
	}
}
