package signature

import (
	"bytes"
	"errors"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/hiddeco/sshsig"
	"github.com/vxlite/vxlite/internal/disk"
	"golang.org/x/crypto/ssh"
)

// Key is a private key to sign with.
type Key struct {
	ssh ssh.Signer
	pgp *openpgp.Entity
}

// errPassphrase is a key of which nobody is there to ask for the passphrase.
var errPassphrase = errors.New("the key has a passphrase, and only keys without one are supported")

// ReadKey reads a private key: an OpenPGP one as gpg --export-secret-keys
// --armor writes it, else one of SSH.
func ReadKey(file string) (*Key, error) {
	data, err := disk.ReadNamed(file)
	if err != nil {
		return nil, &KeysError{File: file, Err: withoutPath(err)}
	}
	k := &Key{}
	if bytes.Contains(data, []byte("-----BEGIN PGP PRIVATE KEY BLOCK-----")) {
		k.pgp, err = readPGPKey(data)
	} else {
		k.ssh, err = ssh.ParsePrivateKey(data)
		if _, locked := errors.AsType[*ssh.PassphraseMissingError](err); locked {
			err = errPassphrase
		} else if err != nil {
			err = errors.New("no private key of SSH or OpenPGP")
		}
	}
	if err != nil {
		return nil, &KeysError{File: file, Err: err}
	}
	return k, nil
}

// readPGPKey returns a key that can sign as it is.
func readPGPKey(data []byte) (*openpgp.Entity, error) {
	all, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if len(all) != 1 {
		return nil, errors.New("want one key")
	}
	e := all[0]
	if key, ok := e.SigningKey(e.PrimaryKey.CreationTime); ok && key.PrivateKey != nil && key.PrivateKey.Encrypted {
		return nil, errPassphrase
	}
	return e, nil
}

// Sign makes the signature of a vendor folder's list, in armour: of SSH as
// ssh-keygen -Y sign -n vxlite makes it, of OpenPGP as gpg --detach-sign --armor.
func (k *Key) Sign(data []byte) ([]byte, error) {
	if k.ssh != nil {
		sig, err := sshsig.Sign(bytes.NewReader(data), k.ssh, sshsig.HashSHA512, Vendored)
		if err != nil {
			return nil, err
		}
		return sshsig.Armor(sig), nil
	}
	var b bytes.Buffer
	err := openpgp.ArmoredDetachSign(&b, k.pgp, bytes.NewReader(data), nil)
	return b.Bytes(), err
}
