package testkit

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"os"

	"golang.org/x/crypto/ssh"
)

// WriteKey makes an ed25519 key pair and writes the private key to file as
// OpenSSH has it, without a passphrase. The public key goes to file.pub, as a line
// for authorized_keys, and is returned.
func WriteKey(file string) (ssh.PublicKey, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	return writeKey(file, private)
}

// WriteRSAKey is WriteKey with a key of RSA.
func WriteRSAKey(file string) (ssh.PublicKey, error) {
	const bits = 2048
	private, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return nil, err
	}
	return writeKey(file, private)
}

func writeKey(file string, private crypto.Signer) (ssh.PublicKey, error) {
	block, err := ssh.MarshalPrivateKey(private, "vxlite test")
	if err != nil {
		return nil, err
	}
	// ssh refuses a private key that others may read.
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		return nil, err
	}
	key, err := ssh.NewPublicKey(private.Public())
	if err != nil {
		return nil, err
	}
	return key, os.WriteFile(file+".pub", ssh.MarshalAuthorizedKey(key), 0o644)
}
