package binsize

import (
	"encoding/binary"

	"golang.org/x/arch/x86/x86asm"
)

// reader returns the addresses that code at an address refers to: calls and
// jumps, and data that is loaded or whose address is taken.
type reader func(code []byte, addr uint64, refer func(target uint64))

// readers are those of the architectures whose code can be read.
var readers = map[string]reader{"amd64": amd64, "arm64": arm64}

func amd64(code []byte, addr uint64, refer func(uint64)) {
	for at := 0; at < len(code); {
		inst, err := x86asm.Decode(code[at:], 64)
		if err != nil || inst.Len == 0 {
			at++ // padding, or an instruction that only assembly has
			continue
		}
		if inst.PCRel == 4 && at+inst.PCRelOff+4 <= len(code) {
			offset := int32(binary.LittleEndian.Uint32(code[at+inst.PCRelOff:]))
			refer(addr + uint64(at+inst.Len) + uint64(int64(offset)))
		}
		at += inst.Len
	}
}

// arm64 knows the few instructions of which addresses are made: a branch, and
// ADRP followed by one that adds the rest or loads from there.
func arm64(code []byte, addr uint64, refer func(uint64)) {
	var page uint64
	register := uint32(32) // that holds page; 32 is none
	for at := 0; at+4 <= len(code); at += 4 {
		w := binary.LittleEndian.Uint32(code[at:])
		pc := addr + uint64(at)
		base := register
		register = 32
		switch {
		case w&0x7c000000 == 0x14000000: // B, BL
			refer(pc + uint64(int64(int32(w<<6)>>4)))
		case w&0x9f000000 == 0x90000000: // ADRP
			offset := int64(int32(w<<8)>>13<<2) | int64(w>>29&3)
			page, register = pc&^0xfff+uint64(offset<<12), w&31
		case w>>5&31 != base:
		case w&0xff800000 == 0x91000000: // ADD
			refer(page + uint64(w>>10&0xfff))
		case w&0x3b000000 == 0x39000000: // loads and stores
			scale := w >> 30
			if w&0x04800000 == 0x04800000 {
				scale = 4 // 128 bits
			}
			refer(page + uint64(w>>10&0xfff)<<scale)
		}
	}
}
