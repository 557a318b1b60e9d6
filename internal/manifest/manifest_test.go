package manifest

import (
	"bytes"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
)

var sample = &Manifest{
	Format: 1,
	Config: "sha256:00",
	Flags:  []string{"-trimpath"},
	Modules: []Module{
		{Name: "mine", Path: "github.com/acme/mine", Version: "v0.0.0", Commit: strings.Repeat("b", 40), Local: true, Dirty: true},
		{Path: "github.com/acme/lib", Version: "v1.0.0", URL: "https://github.com/acme/lib", Commit: strings.Repeat("a", 40), H1: "h1:x"},
	},
}

func encoded(t testing.TB) []byte {
	t.Helper()
	data, err := Encode(sample)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestFind has a manifest at places where windows meet, and things like one
// before it.
func TestFind(t *testing.T) {
	whole := encoded(t)
	broken := bytes.Replace(whole, []byte("acme/lib"), []byte("acme/bad"), 1)
	huge := append(begin(), "9999999 "...)
	for _, tt := range []struct {
		name string
		data []byte
		want error
	}{
		{"at the start", whole, nil},
		{"nothing", nil, ErrNone},
		{"other bytes", bytes.Repeat([]byte("x"), 3*window), ErrNone},
		{"across windows", join(pad(window-7), whole, pad(10)), nil},
		{"at the start of a window", join(pad(window), whole), nil},
		{"in the third window", join(pad(2*window+len(whole)), whole, pad(window)), nil},
		{"after a mark alone", join(begin(), pad(20), whole), nil},
		{"after a broken one", join(broken, whole), nil},
		{"broken", join(pad(99), broken, pad(99)), ErrDamaged},
		{"cut off", whole[:len(whole)-1], ErrDamaged},
		{"without a header", begin(), ErrDamaged},
		{"a length that is too much", join(huge, pad(1000)), ErrDamaged},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Find(bytes.NewReader(tt.data))
			if !errors.Is(err, tt.want) {
				t.Fatalf("error %v, not %v", err, tt.want)
			}
			if err == nil && !reflect.DeepEqual(got, sample) {
				t.Errorf("%+v, not %+v", got, sample)
			}
		})
	}
}

// TestNotInItself reads the running program: what looks for the mark must not
// contain it.
func TestNotInItself(t *testing.T) {
	name, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := Find(f); !errors.Is(err, ErrNone) {
		t.Errorf("error %v, not %v", err, ErrNone)
	}
}

func TestEncodeTooMuch(t *testing.T) {
	if _, err := Encode(&Manifest{Config: strings.Repeat("x", maxSize)}); err == nil {
		t.Error("a manifest without end was taken")
	}
}

// FuzzFind looks for what crashes, and for a manifest that would not be
// written again as it is.
func FuzzFind(f *testing.F) {
	whole := encoded(f)
	f.Add(whole)
	f.Add(join(begin(), []byte("0000002 ")))
	f.Add(whole[:len(whole)/2])
	f.Add(join([]byte("\x7fELF"), whole, whole))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Find(bytes.NewReader(data))
		if err != nil {
			if !errors.Is(err, ErrNone) && !errors.Is(err, ErrDamaged) {
				t.Fatal(err)
			}
			return
		}
		again, err := Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		if same, err := Find(bytes.NewReader(again)); err != nil || !reflect.DeepEqual(same, m) {
			t.Fatalf("%+v, %v; not %+v", same, err, m)
		}
	})
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
func pad(n int) []byte            { return bytes.Repeat([]byte{0}, n) }
