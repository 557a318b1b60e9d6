package testkit

import (
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// Fault is what happens to one connection.
type Fault struct {
	// After is how many bytes the server may send before it happens.
	After int64
	Kind  FaultKind
}

// FaultKind says what happens.
type FaultKind string

// The kinds of faults. The zero one is none.
const (
	Cut      FaultKind = "cut"      // the connection ends, as after a crash of the server
	Reset    FaultKind = "reset"    // it ends without a farewell
	Stall    FaultKind = "stall"    // nothing comes any more
	Throttle FaultKind = "throttle" // what follows comes slowly
	Flip     FaultKind = "flip"     // one bit is another, of the byte that follows
)

// Faults is a server that hands on connections to another, and does not do it
// well.
type Faults struct {
	// Addr is HOST:PORT.
	Addr string

	to       string
	listener net.Listener
	plan     func(n int) Fault

	mu    sync.Mutex
	n     int
	conns []net.Conn
}

// StartFaults starts a server before the one at to, an address. The nth
// connection, from 0, meets plan(n).
func StartFaults(to string, plan func(n int) Fault) (*Faults, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &Faults{Addr: l.Addr().String(), to: to, listener: l, plan: plan}
	go f.serve()
	return f, nil
}

// Connections is how many there were.
func (f *Faults) Connections() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.n
}

// Close ends the server and all connections.
func (f *Faults) Close() {
	f.listener.Close()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		c.Close()
	}
}

func (f *Faults) serve() {
	for {
		c, err := f.listener.Accept()
		if err != nil {
			return
		}
		f.mu.Lock()
		n := f.n
		f.n++
		f.conns = append(f.conns, c)
		f.mu.Unlock()
		go f.handle(c, f.plan(n))
	}
}

func (f *Faults) handle(client net.Conn, fault Fault) {
	server, err := net.Dial("tcp", f.to)
	if err != nil {
		client.Close()
		return
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(server, client)
		if t, ok := server.(*net.TCPConn); ok {
			_ = t.CloseWrite()
		}
	}()
	if fault.Kind == "" {
		_, _ = io.Copy(client, server)
		client.Close()
		return
	}
	if _, err := io.CopyN(client, server, fault.After); err != nil {
		client.Close()
		return
	}
	f.happen(client, server, fault.Kind)
}

func (f *Faults) happen(client, server net.Conn, kind FaultKind) {
	switch kind {
	case Reset:
		_ = client.(*net.TCPConn).SetLinger(0)
	case Stall: // until somebody gives up
		_, _ = io.Copy(io.Discard, server)
		var b [1]byte
		for {
			if _, err := client.Read(b[:]); err != nil {
				break
			}
		}
	case Throttle:
		const piece, pause = 64, 2 * time.Millisecond
		for {
			if _, err := io.CopyN(client, server, piece); err != nil {
				break
			}
			time.Sleep(pause)
		}
	case Flip:
		var b [1]byte
		if _, err := io.ReadFull(server, b[:]); err == nil {
			b[0] ^= 0x10
			_, _ = client.Write(b[:])
			_, _ = io.Copy(client, server)
		}
	}
	client.Close()
}

// Answers is a handler that has a status of its own for the first requests of a
// server, and leaves the others to it.
type Answers struct {
	Next http.Handler
	// Status and Header answer the first Times requests that begin with Method.
	Status int
	Header http.Header
	Method string
	Times  int

	mu sync.Mutex
	n  int
}

// ServeHTTP implements [http.Handler].
func (a *Answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	mine := a.n < a.Times && (a.Method == "" || r.Method == a.Method)
	if mine {
		a.n++
	}
	a.mu.Unlock()
	if !mine {
		a.Next.ServeHTTP(w, r)
		return
	}
	for name, values := range a.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.Status)
}
