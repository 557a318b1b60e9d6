package gitattr

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"
)

// Conversion is what git does to a file's bytes when it writes them out.
type Conversion struct {
	ident bool // $Id$
	crlf  bool // line feeds become CR LF
	auto  bool // but in a text without a CR only
	// encoding is the file's working-tree-encoding; empty for UTF-8.
	encoding string
}

// Conversion returns what happens to a file, or nil.
func (a *Attributes) Conversion(file string) *Conversion {
	got := a.of(file)
	c := Conversion{ident: got["ident"] == attrSet}
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
	if c == (Conversion{}) {
		return nil
	}
	return &c
}

// lineEndings are the values of text that git knows.
var lineEndings = map[string]string{attrSet: "text", attrUnset: "binary", "auto": "auto", "input": "text"}

// Apply converts a file's bytes. Its size is bounded: $Id$ becomes 48 bytes of
// 4, CR LF two of one, and UTF-32 four.
func (c *Conversion) Apply(blob []byte, most int64) ([]byte, error) {
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
