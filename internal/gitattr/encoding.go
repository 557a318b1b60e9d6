package gitattr

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/ianaindex"
)

// EncodingError is a working-tree-encoding that vxlite cannot write as git does.
type EncodingError struct{ Encoding string }

// Error implements error.
func (e *EncodingError) Error() string {
	return fmt.Sprintf("working-tree-encoding %s of .gitattributes is not supported", e.Encoding)
}

// Hints says which are.
func (e *EncodingError) Hints() []string {
	return []string{"supported are UTF-8, UTF-16, UTF-32, ISO-8859, windows-1250 to 1257 but 1255, KOI8-R and IBM's code pages"}
}

var errNotEncoded = errors.New("has characters that the encoding lacks")

// reencode writes UTF-8 in another encoding, as iconv of the GNU C library does,
// which the public module proxies use. That is so for those listed here; of
// others, golang.org/x/text has tables that differ.
func reencode(s []byte, name string) ([]byte, error) {
	to := encoder(name)
	switch {
	case name == attrSet:
		return nil, &EncodingError{"without a value"}
	case to == nil:
		return nil, &EncodingError{name}
	case !utf8.Valid(s):
		return nil, errNotEncoded
	}
	return to(s)
}

// encoder returns the function that writes an encoding, or nil.
func encoder(name string) func([]byte) ([]byte, error) {
	little, big := binary.LittleEndian, binary.BigEndian
	switch {
	case isUTF(name, "16"), isUTF(name, "16LE-BOM"):
		return utf16Encoder(little, true)
	case isUTF(name, "16BE-BOM"):
		return utf16Encoder(big, true)
	case isUTF(name, "16LE"):
		return utf16Encoder(little, false)
	case isUTF(name, "16BE"):
		return utf16Encoder(big, false)
	case isUTF(name, "32"):
		return utf32Encoder(little, true)
	case isUTF(name, "32LE"):
		return utf32Encoder(little, false)
	case isUTF(name, "32BE"):
		return utf32Encoder(big, false)
	}
	upper := strings.ToUpper(name)
	if n, ok := strings.CutPrefix(upper, "CP125"); ok {
		name = "windows-125" + n
	}
	if n, ok := strings.CutPrefix(upper, "ISO8859-"); ok {
		name = "ISO-8859-" + n
	}
	e, err := ianaindex.IANA.Encoding(name)
	table, ok := e.(*charmap.Charmap)
	if err != nil || !ok || table == charmap.Windows1255 || table == charmap.Windows1258 || table == charmap.KOI8U || table == charmap.Macintosh {
		return nil
	}
	return func(s []byte) ([]byte, error) { return encodeBytes(s, table) }
}

// isUTF reports whether a name is that of UTF-form, which git knows without the
// hyphen, too.
func isUTF(name, form string) bool {
	rest, ok := strings.CutPrefix(strings.ToUpper(name), "UTF")
	return ok && strings.TrimPrefix(rest, "-") == form
}

func utf16Encoder(order binary.AppendByteOrder, bom bool) func([]byte) ([]byte, error) {
	return func(s []byte) ([]byte, error) {
		var out []byte
		if bom {
			out = order.AppendUint16(out, 0xfeff)
		}
		for _, u := range utf16.Encode([]rune(string(s))) {
			out = order.AppendUint16(out, u)
		}
		return out, nil
	}
}

func utf32Encoder(order binary.AppendByteOrder, bom bool) func([]byte) ([]byte, error) {
	return func(s []byte) ([]byte, error) {
		var out []byte
		if bom {
			out = order.AppendUint32(out, 0xfeff)
		}
		for _, r := range string(s) {
			out = order.AppendUint32(out, uint32(r))
		}
		return out, nil
	}
}

// encodeBytes writes an encoding of one byte a character. The C library has the
// control characters of ISO 6429 in all of ISO 8859, x/text in two of them.
func encodeBytes(s []byte, table *charmap.Charmap) ([]byte, error) {
	iso := strings.HasPrefix(table.String(), "ISO 8859")
	out := make([]byte, 0, len(s))
	for _, r := range string(s) {
		b, ok := table.EncodeRune(r)
		switch {
		case ok:
		case iso && 0x80 <= r && r < 0xa0:
			b = byte(r)
		default:
			return nil, errNotEncoded
		}
		out = append(out, b)
	}
	return out, nil
}
