package source

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-git/go-git/v5/plumbing"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/ianaindex"
)

// conversion is what git does to a file's bytes when it writes them out.
type conversion struct {
	ident bool // $Id$
	crlf  bool // line feeds become CR LF
	auto  bool // but in a text without a CR only
	// encoding is the file's working-tree-encoding; empty for UTF-8.
	encoding string
}

// conversion returns what happens to a file, or nil.
func (a *attributes) conversion(file string) *conversion {
	got := a.of(file)
	c := conversion{ident: got["ident"] == attrSet}
	text, known := lineEndings[got["text"]]
	if !known {
		text = lineEndings[got["crlf"]] // which is how text was called
	}
	if got["eol"] == "crlf" && text != "binary" {
		c.crlf, c.auto = true, text == "auto"
	}
	if e := got["working-tree-encoding"]; e != attrUnset && e != attrUnspecified && !isUTF(e, "8") {
		c.encoding = e
	}
	if c == (conversion{}) {
		return nil
	}
	return &c
}

// lineEndings are the values of text that git knows.
var lineEndings = map[string]string{attrSet: "text", attrUnset: "binary", "auto": "auto", "input": "text"}

// apply converts a file's bytes. Its size is bounded: $Id$ becomes 48 bytes of
// 4, CR LF two of one, and UTF-32 four.
func (c *conversion) apply(blob []byte, most int64) ([]byte, error) {
	out := blob
	if c.ident {
		if size := int64(len(out)) + 45*int64(bytes.Count(out, []byte("$Id"))); size > most {
			return nil, errConverted
		}
		out = expandIdent(out)
	}
	if c.crlf {
		if 2*int64(len(out)) > most {
			return nil, errConverted
		}
		out = toCRLF(out, c.auto)
	}
	if c.encoding == "" || len(out) == 0 {
		return out, nil
	}
	if 4*int64(len(out)) > most {
		return nil, errConverted
	}
	encoded, err := reencode(out, c.encoding)
	if errors.Is(err, errNotEncoded) {
		return out, nil // git says so, and goes on with the file as it is
	}
	return encoded, err
}

var errConverted = errors.New("too large to be converted as .gitattributes asks for")

// expandIdent replaces $Id$ and $Id: anything $ by the blob's name.
func expandIdent(blob []byte) []byte {
	id := fmt.Sprintf("$Id: %s $", plumbing.ComputeHash(plumbing.BlobObject, blob))
	var out bytes.Buffer
	rest := blob
	for {
		at := bytes.IndexByte(rest, '$')
		if at < 0 {
			break
		}
		out.Write(rest[:at])
		rest = rest[at:]
		n := identLength(rest)
		if n < 0 { // there is no further $
			break
		}
		if n == 0 {
			out.WriteByte('$')
			rest = rest[1:]
			continue
		}
		out.WriteString(id)
		rest = rest[n:]
	}
	out.Write(rest)
	return out.Bytes()
}

// identLength is the length of the keyword that s begins with, 0 where it is
// none. One of another system, with a blank within, is left alone.
func identLength(s []byte) int {
	switch {
	case bytes.HasPrefix(s, []byte("$Id$")):
		return len("$Id$")
	case !bytes.HasPrefix(s, []byte("$Id:")):
		return 0
	}
	value := s[len("$Id:"):]
	end := bytes.IndexByte(value, '$')
	if end < 0 {
		return -1
	}
	value = value[:end]
	if bytes.IndexByte(value, '\n') >= 0 {
		return 0
	}
	if len(value) > 1 {
		if blank := bytes.IndexByte(value[1:], ' ') + 1; blank > 0 && blank < len(value)-1 {
			return 0
		}
	}
	return len("$Id:") + end + len("$")
}

// toCRLF makes each line end in CR LF.
func toCRLF(s []byte, auto bool) []byte {
	crlf := bytes.Count(s, []byte("\r\n"))
	lone := bytes.Count(s, []byte("\n")) - crlf
	if lone == 0 || auto && (bytes.IndexByte(s, '\r') >= 0 || isBinary(s)) {
		return s
	}
	out := make([]byte, 0, len(s)+lone)
	for i, c := range s {
		if c == '\n' && (i == 0 || s[i-1] != '\r') {
			out = append(out, '\r')
		}
		out = append(out, c)
	}
	return out
}

// isBinary is git's guess at a content without CR: see convert.c.
func isBinary(s []byte) bool {
	printable, other := 0, 0
	for _, c := range s {
		switch {
		case c == 0:
			return true
		case c == '\n':
		case c == 127, c < ' ' && c != '\b' && c != '\t' && c != '\x1b' && c != '\f':
			other++
		default:
			printable++
		}
	}
	if bytes.HasSuffix(s, []byte{'\x1a'}) { // the end of a file once was one
		other--
	}
	return printable>>7 < other
}

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
