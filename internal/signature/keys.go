package signature

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/vxlite/vxlite/internal/disk"
)

// Keys are those that are allowed to sign.
type Keys struct {
	pgp openpgp.EntityList
	ssh []allowed
	// names are the keys as messages have them, in the files' order.
	names []string
}

// KeysError is a file of keys that cannot be used.
type KeysError struct {
	File string
	Line int // from 1; 0 for the whole
	Err  error
}

// Error implements error.
func (e *KeysError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("keys %s:%d: %v", e.File, e.Line, e.Err)
	}
	return fmt.Sprintf("keys %s: %v", e.File, e.Err)
}

// Unwrap returns the cause.
func (e *KeysError) Unwrap() error { return e.Err }

// ExitStatus implements the interface that picks the exit status.
func (e *KeysError) ExitStatus() int { return 2 }

// ReadKeys reads files of keys. One that begins as an OpenPGP key does, in
// armour or not, is that; any other is an allowed_signers.
func ReadKeys(files []string) (*Keys, error) {
	k := &Keys{}
	for _, file := range files {
		data, err := disk.ReadNamed(file)
		if err != nil {
			return nil, &KeysError{File: file, Err: withoutPath(err)}
		}
		known := len(k.names)
		switch {
		case bytes.Contains(data, []byte("-----BEGIN PGP PUBLIC KEY BLOCK-----")):
			err = k.addArmored(file, data)
		case len(data) > 0 && data[0]&0x80 != 0: // every OpenPGP packet begins so: RFC 9580, 4.2
			var all openpgp.EntityList
			if all, err = openpgp.ReadKeyRing(bytes.NewReader(data)); err == nil {
				k.addPGP(all)
			}
		default:
			err = k.addAllowedSigners(file, data)
		}
		if err == nil && len(k.names) == known {
			err = noKey{}
		}
		if err != nil {
			if _, ok := err.(*KeysError); ok {
				return nil, err
			}
			return nil, &KeysError{File: file, Err: err}
		}
	}
	return k, nil
}

// noKey is a file of keys that has none.
type noKey struct{}

func (noKey) Error() string { return "no public key" }
func (noKey) Hints() []string {
	return []string{"write a line of allowed_signers into it, as in ssh-keygen(1), or an OpenPGP key, as gpg --export --armor gives it"}
}

func withoutPath(err error) error {
	if pe, ok := err.(*os.PathError); ok {
		return pe.Err
	}
	return err
}

// addArmored reads all blocks of a file, as gpg --export --armor can give
// several one after the other.
func (k *Keys) addArmored(file string, data []byte) error {
	const begin = "-----BEGIN PGP PUBLIC KEY BLOCK-----"
	for _, block := range strings.Split(string(data), begin)[1:] {
		all, err := openpgp.ReadArmoredKeyRing(strings.NewReader(begin + block))
		if err != nil {
			return err
		}
		k.addPGP(all)
	}
	return nil
}

func (k *Keys) addPGP(all openpgp.EntityList) {
	k.pgp = append(k.pgp, all...)
	for _, e := range all {
		k.names = append(k.names, pgpName(e))
	}
}

// pgpName is a key's fingerprint with its owner.
func pgpName(e *openpgp.Entity) string {
	name := "OpenPGP " + strings.ToUpper(hex.EncodeToString(e.PrimaryKey.Fingerprint))
	var owners []string
	for id := range e.Identities {
		owners = append(owners, id)
	}
	slices.Sort(owners)
	if len(owners) > 0 {
		name += " (" + owners[0] + ")"
	}
	return name
}

// Names are the allowed keys with their owners, for messages.
func (k *Keys) Names() []string { return slices.Clone(k.names) }
