// Package binsize says what a Go program's bytes are for, by package, and what would
// leave it with some of its packages: begin at [Read].
//
// It reads the program's own data and needs no symbols: -s and -w make no difference.
// Functions, with their sizes and names, and the tables that go with them, are in
// pclntab, which every program has. Which data belongs to which package, and what is
// there for whom, is found by following references: the code is disassembled, and
// types and their methods are read as Go's reflection reads them. From that the
// linker's search for dead code can be done again without some of the packages.
//
// Exact are the code of each function and its tables, and the types of each package.
// Other data is the package's whose functions alone refer to it, and else nobody's.
// What pclntab has for the whole program (names of files, say) is divided in
// proportion to the code. Of architectures other than amd64 and arm64, and programs
// of Go before 1.20 or with relocations to be done, only the code and its tables
// can be told apart.
package binsize

import (
	"debug/buildinfo"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/vxlite/vxlite/internal/disk"
)

// Sizes are bytes of a file.
type Sizes struct {
	// Code is machine code, Tables what panics and the garbage collector need for
	// it, and Data types, strings, variables and embedded files.
	Code, Tables, Data int64
}

// Total is their sum.
func (s Sizes) Total() int64 { return s.Code + s.Tables + s.Data }

func (s *Sizes) add(t Sizes) {
	s.Code += t.Code
	s.Tables += t.Tables
	s.Data += t.Data
}

// Program is a program's bytes. It is read whole, and does not change.
type Program struct {
	// File is the size of the file.
	File int64
	// Packages are the bytes of each by import path; "runtime" has what the compiler
	// makes, too, and "" what several packages share.
	Packages map[string]Sizes

	t *pclntab
	g *graph // nil where only the code can be told apart
}

// ErrNoData is returned by Without for a program whose references cannot be followed.
var ErrNoData = errors.New("what would leave with a package can be told of programs for amd64 and arm64 only")

// Read reads a program.
func Read(file string) (*Program, error) {
	f, err := disk.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	version := ""
	if info, err := buildinfo.Read(f); err == nil {
		version = info.GoVersion
	}
	return read(f, fi.Size(), version)
}

// Functions returns the names of all functions that are linked into a program, as
// the linker has them, and of those that were inlined wherever they are called. -s
// and -w make no difference.
func Functions(file string) ([]string, error) {
	f, err := disk.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	im, err := readImage(f, fi.Size())
	if err != nil {
		return nil, err
	}
	t, err := findPclntab(im)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(strings.Split(string(t.names), "\x00"), func(name string) bool { return name == "" }), nil
}

// read reads a program that Go of that version built.
func read(r io.ReaderAt, size int64, version string) (*Program, error) {
	im, err := readImage(r, size)
	if err != nil {
		return nil, err
	}
	t, err := findPclntab(im)
	if err != nil {
		return nil, err
	}
	p := &Program{File: size, t: t}
	if readers[im.arch] != nil {
		if m, err := findModuledata(im, t, minor(version) >= 26); err == nil {
			p.g = newGraph(im, t, m)
			t.pool += int64(m.lists[0].to - m.lists[0].from)
		}
	}
	p.Packages = p.count(func(int) bool { return true })
	return p, nil
}

// minor is the 26 of go1.26.4.
func minor(version string) int {
	_, rest, _ := strings.Cut(version, ".")
	end := strings.IndexFunc(rest+" ", func(r rune) bool { return r < '0' || r > '9' })
	n, _ := strconv.Atoi(rest[:end])
	return n
}

// Without returns the bytes of each package that leave with packages: those that are
// gone are not linked at all, and the main package does not refer to those that are
// cut, if others do.
func (p *Program) Without(gone, cut func(pkg string) bool) (map[string]Sizes, error) {
	if p.g == nil {
		return nil, ErrNoData
	}
	needed := p.g.reach(gone, cut)
	return p.count(func(n int) bool { return !needed[n] }), nil
}

// count adds up the nodes of which that is true. Tables that functions share count
// only if all of them do.
func (p *Program) count(counts func(node int) bool) map[string]Sizes {
	out := map[string]Sizes{}
	add := func(pkg string, s Sizes) {
		sum := out[pkg]
		sum.add(s)
		out[pkg] = sum
	}
	others := make([]bool, len(p.t.shared)) // shared tables that are needed by others, or counted
	code, all := map[string]int64{}, map[string]int64{}
	var codeSum, allSum int64
	for i, f := range p.t.funcs {
		all[f.pkg] += f.code
		allSum += f.code
		if counts(i) {
			code[f.pkg] += f.code
			codeSum += f.code
			continue
		}
		for _, place := range f.shared {
			others[place] = true
		}
	}
	for i, f := range p.t.funcs {
		if !counts(i) {
			continue
		}
		tables := f.tables
		for _, place := range f.shared {
			if !others[place] {
				others[place] = true
				tables += p.t.shared[place].size
			}
		}
		add(f.pkg, Sizes{Code: f.code, Tables: tables})
	}
	for pkg, n := range code { // its part of the pool, and of the names of what is inlined
		part := int64(0)
		if all[pkg] > 0 {
			part = int64(float64(p.t.inlined[pkg]) * float64(n) / float64(all[pkg]))
		}
		add(pkg, Sizes{Tables: part + int64(float64(p.t.pool)*float64(n)/float64(max(allSum, 1)))})
	}
	if p.g != nil {
		for i, a := range p.g.atoms {
			if counts(len(p.t.funcs) + i) {
				add(a.owner, Sizes{Data: a.size})
			}
		}
	}
	return out
}
