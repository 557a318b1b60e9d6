package testkit

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"os"

	"golang.org/x/crypto/ssh"
)

// WriteKey makes an ed25519 key pair and writes the private key to file as
// OpenSSH has it, encrypted unless the passphrase is empty. The public key goes
// to file.pub, as a line for authorized_keys, and is returned.
func WriteKey(file, passphrase string) (ssh.PublicKey, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	var block *pem.Block
	if passphrase == "" {
		block, err = ssh.MarshalPrivateKey(private, "vxlite test")
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(private, "vxlite test", []byte(passphrase))
	}
	if err != nil {
		return nil, err
	}
	// ssh refuses a private key that others may read.
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		return nil, err
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		return nil, err
	}
	return key, os.WriteFile(file+".pub", ssh.MarshalAuthorizedKey(key), 0o644)
}
