package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/vxlite/vxlite/internal/signature"
)

// Sign writes the signature of the list of the folder dir.
func (f *Form) Sign(dir string, key *signature.Key) error {
	data, err := f.ReadWhole(dir, ListFile)
	if err != nil {
		return err
	}
	sig, err := key.Sign(data)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, SignatureFile), sig, 0o644)
}

// signer is the one of the keys that signed the list of the folder dir, as it was
// read to compare the files. The
// list has no time of its own, so a key has to be valid now.
func (f *Form) signer(place, dir string, data []byte, keys *signature.Keys) (string, error) {
	sig, err := f.ReadWhole(dir, SignatureFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	name, err := keys.Check(signature.Signed{Payload: data, Signature: sig, Time: time.Now(), Namespace: signature.Vendored})
	if err != nil {
		return "", &SignatureError{Place: place, Err: err, Expected: keys.Names()}
	}
	return name, nil
}

// SignatureError is a folder or file that none of the allowed keys signed.
type SignatureError struct {
	Place string
	Err   error
	// Expected are the allowed keys.
	Expected []string
}

// Error implements error.
func (e *SignatureError) Error() string { return fmt.Sprintf("%s: %s %v", e.Place, ListFile, e.Err) }

// Unwrap returns what is wrong with the signature.
func (e *SignatureError) Unwrap() error { return e.Err }

// ExitStatus is that of a check that found a problem.
func (*SignatureError) ExitStatus() int { return 3 }

// Hints says whose signature would do.
func (e *SignatureError) Hints() []string {
	return []string{"expected one of " + strings.Join(e.Expected, ", ")}
}
