package binsize

import (
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"encoding/binary"
	"errors"
	"io"
	"slices"
)

// region is a piece of a program that is in memory as it is in the file.
type region struct {
	addr uint64
	data []byte
}

// image is a program as it lies in memory, by ascending addresses.
type image struct {
	regions []region
	arch    string // as GOARCH, of those whose code can be read
	order   binary.ByteOrder
	size    int64 // of the file
}

// mostImage is how large a program may be, in bytes.
const mostImage = 1 << 30

var errFormat = errors.New("neither ELF, Mach-O nor PE")

// readImage reads a program of any format.
func readImage(r io.ReaderAt, size int64) (*image, error) {
	if size > mostImage {
		return nil, errors.New("larger than 1 GiB")
	}
	im := &image{size: size}
	err := im.elf(r)
	if err != nil {
		err = im.macho(r)
	}
	if err != nil {
		err = im.pe(r)
	}
	if err != nil || len(im.regions) == 0 {
		return nil, errFormat
	}
	slices.SortFunc(im.regions, func(a, b region) int {
		if a.addr < b.addr {
			return -1
		}
		return 1
	})
	return im, nil
}

// add reads a region. All of them are no larger than the file, which one that
// lies about its size would be.
func (im *image) add(addr, size uint64, r io.ReaderAt) error {
	sum := size
	for _, g := range im.regions {
		sum += uint64(len(g.data))
	}
	if size > mostImage || sum > uint64(im.size) {
		return errFormat
	}
	data := make([]byte, size)
	if n, err := r.ReadAt(data, 0); n < len(data) {
		return err
	}
	im.regions = append(im.regions, region{addr, data})
	return nil
}

func (im *image) elf(r io.ReaderAt) error {
	f, err := elf.NewFile(r)
	if err != nil {
		return err
	}
	im.order = f.ByteOrder
	im.arch = map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"}[f.Machine]
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD {
			if err := im.add(p.Vaddr, p.Filesz, p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (im *image) macho(r io.ReaderAt) error {
	f, err := macho.NewFile(r)
	if err != nil {
		return err
	}
	im.order = f.ByteOrder
	im.arch = map[macho.Cpu]string{macho.CpuAmd64: "amd64", macho.CpuArm64: "arm64"}[f.Cpu]
	for _, l := range f.Loads {
		if s, ok := l.(*macho.Segment); ok && s.Name != "__LINKEDIT" && s.Name != "__DWARF" {
			if err := im.add(s.Addr, min(s.Filesz, s.Memsz), s); err != nil {
				return err
			}
		}
	}
	return nil
}

func (im *image) pe(r io.ReaderAt) error {
	f, err := pe.NewFile(r)
	if err != nil {
		return err
	}
	im.order = binary.LittleEndian
	im.arch = map[uint16]string{pe.IMAGE_FILE_MACHINE_AMD64: "amd64", pe.IMAGE_FILE_MACHINE_ARM64: "arm64"}[f.Machine]
	var base uint64
	switch h := f.OptionalHeader.(type) {
	case *pe.OptionalHeader64:
		base = h.ImageBase
	case *pe.OptionalHeader32:
		base = uint64(h.ImageBase)
	}
	for _, s := range f.Sections {
		if s.VirtualAddress > 0 && s.Name[:min(1, len(s.Name))] != "/" { // "/4" and the like are for debuggers
			if err := im.add(base+uint64(s.VirtualAddress), uint64(min(s.Size, s.VirtualSize)), s); err != nil {
				return err
			}
		}
	}
	return nil
}

// at returns what lies at an address up to the end of its region; nothing where
// the file has nothing.
func (im *image) at(addr uint64) []byte {
	i, ok := slices.BinarySearchFunc(im.regions, addr, func(g region, addr uint64) int {
		switch {
		case g.addr > addr:
			return 1
		case addr-g.addr >= uint64(len(g.data)):
			return -1
		}
		return 0
	})
	if !ok {
		return nil
	}
	g := im.regions[i]
	return g.data[addr-g.addr:]
}

// word reads a pointer, or 0.
func (im *image) word(addr uint64) uint64 {
	if b := im.at(addr); len(b) >= 8 {
		return im.order.Uint64(b)
	}
	return 0
}

// word32 reads four bytes, or 0.
func (im *image) word32(addr uint64) uint32 {
	if b := im.at(addr); len(b) >= 4 {
		return im.order.Uint32(b)
	}
	return 0
}

// words reads the pointers of a list.
func (im *image) words(s span) []uint64 {
	var list []uint64
	for at := s.from; at < s.to; at += 8 {
		list = append(list, im.word(at))
	}
	return list
}
