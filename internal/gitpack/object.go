package gitpack

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/utils/ioutil"
	"github.com/klauspost/compress/zlib"
)

// packed is an object's type and content, which nobody may change.
type packed struct {
	kind plumbing.ObjectType
	data []byte // nil where large is set
	// large reads the content where that is not held in memory.
	large *largeContent
}

// Object is an object as go-git wants to see it. It cannot be written.
type Object struct {
	packed
	hash     plumbing.Hash
	verified bool // the content has the hash
}

// verify compares the content with the hash. That of a large object is not
// looked at before it is read: see verified.
func (o *Object) verify() error {
	if o.large != nil {
		return nil
	}
	if got := plainHash(o); got != o.hash {
		return &WrongObjectError{Name: o.hash.String(), Is: got.String()}
	}
	o.verified = true
	return nil
}

// WrongObjectError is an object that has other content than its name says.
type WrongObjectError struct {
	Name, Is string // hashes, 40 hex digits each
}

// Error implements error.
func (e *WrongObjectError) Error() string { return "hash mismatch: the content is that of " + e.Is }

// plainHash is an object's hash without go-git's search for signs of a SHA-1
// collision, which makes it half as slow again. What comes from a server is
// searched when it comes. A folder belongs to somebody who may put into it what
// they like, under any hash; whether it is what was expected, the SHA-256 in
// the lock and in go.sum files says.
func plainHash(obj *Object) (hash plumbing.Hash) {
	h := sha1.New()
	fmt.Fprintf(h, "%s %d\x00", obj.kind, len(obj.data))
	h.Write(obj.data)
	h.Sum(hash[:0])
	return hash
}

// largeContent is compressed somewhere in a file, and too large to be held.
type largeContent struct {
	file io.ReaderAt
	body int64 // where it begins
	size int64 // inflated
}

func (c *largeContent) reader() (io.ReadCloser, error) {
	z, err := zlib.NewReader(bufio.NewReader(io.NewSectionReader(c.file, c.body, 1<<62)))
	if err != nil {
		return nil, noEnd(err)
	}
	return ioutil.NewReadCloser(io.LimitReader(z, c.size), z), nil
}

// NewObject returns an object whose content nobody may change any more.
func NewObject(hash plumbing.Hash, kind plumbing.ObjectType, data []byte) *Object {
	return &Object{packed: packed{kind: kind, data: data}, hash: hash}
}

// Held returns the content of an object that is in memory, which nobody may
// change.
func Held(obj plumbing.EncodedObject) (data []byte, ok bool) {
	o, ok := obj.(*Object)
	if !ok || o.large != nil {
		return nil, false
	}
	return o.data, true
}

// hold reads an object into memory. It has to be of the size that it declares.
func hold(obj plumbing.EncodedObject, hash plumbing.Hash) (*Object, error) {
	r, err := obj.Reader()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data := make([]byte, obj.Size())
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, noEnd(err)
	}
	return &Object{packed: packed{kind: obj.Type(), data: data}, hash: hash}, nil
}

// Hash implements plumbing.EncodedObject, as all below do.
func (o *Object) Hash() plumbing.Hash { return o.hash }

// Type returns the object's type.
func (o *Object) Type() plumbing.ObjectType { return o.kind }

// SetType does nothing.
func (o *Object) SetType(plumbing.ObjectType) {}

// Size returns how many bytes the content has.
func (o *Object) Size() int64 {
	if o.large != nil {
		return o.large.size
	}
	return int64(len(o.data))
}

// SetSize does nothing.
func (o *Object) SetSize(int64) {}

// Reader returns the content.
func (o *Object) Reader() (io.ReadCloser, error) {
	if o.large != nil {
		return o.large.reader()
	}
	return io.NopCloser(bytes.NewReader(o.data)), nil
}

// Writer fails.
func (o *Object) Writer() (io.WriteCloser, error) { return nil, errors.ErrUnsupported }

// Verified returns an object whose content has the hash, held in memory unless
// it is large.
func Verified(obj plumbing.EncodedObject, want plumbing.Hash) (plumbing.EncodedObject, error) {
	held, ok := obj.(*Object)
	if ok && held.verified {
		return obj, nil
	}
	if ok && held.large != nil {
		held = nil
	} else if !ok && obj.Size() <= Large {
		var err error
		if held, err = hold(obj, want); err != nil {
			return nil, err
		}
	}
	if held != nil {
		return held, held.verify()
	}
	r, err := obj.Reader()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	h := plumbing.NewHasher(obj.Type(), obj.Size())
	if _, err := io.Copy(h, io.LimitReader(r, obj.Size()+1)); err != nil {
		return nil, err
	}
	if got := h.Sum(); got != want {
		return nil, &WrongObjectError{Name: want.String(), Is: got.String()}
	}
	return obj, nil
}

// Content reads an object's content, which nobody may change.
func Content(obj plumbing.EncodedObject) ([]byte, error) {
	if data, ok := Held(obj); ok {
		return data, nil
	}
	r, err := obj.Reader()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// Large is from how many bytes on an object is streamed, not held.
const Large = 16 << 20
