package signature

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// checkPGP verifies as of the time the signature was made: a key that has
// expired since does not make a release bad that was good. A key that was
// revoked does.
func (k *Keys) checkPGP(s Signed) (string, error) {
	sig, raw, err := readPGP(s.Signature)
	if err != nil {
		return "", fmt.Errorf("has an OpenPGP signature that cannot be read: %w", err)
	}
	config := &packet.Config{Time: func() time.Time { return sig.CreationTime }}
	e, err := openpgp.CheckDetachedSignature(k.pgp, bytes.NewReader(s.Payload), bytes.NewReader(raw), config)
	switch {
	case err == nil:
		return pgpName(e), nil
	case errors.Is(err, pgperrors.ErrUnknownIssuer):
		return "", &SignerError{Signer: pgpIssuer(sig)}
	}
	name := pgpIssuer(sig)
	if sig.IssuerKeyId != nil {
		if keys := k.pgp.KeysById(*sig.IssuerKeyId); len(keys) > 0 {
			name = pgpName(keys[0].Entity)
		}
	}
	if bad := pgperrors.SignatureError(""); errors.As(err, &bad) && !isPGPState(err) {
		return "", &SignerError{Signer: name, Reason: "the signature is not of this content"}
	}
	return "", &SignerError{Signer: name, Reason: strings.TrimPrefix(err.Error(), "openpgp: ")}
}

// isPGPState tells a key or signature that is no longer or not yet good from a
// signature that is wrong.
func isPGPState(err error) bool {
	for _, state := range []error{pgperrors.ErrKeyExpired, pgperrors.ErrKeyRevoked, pgperrors.ErrSignatureExpired, pgperrors.ErrSignatureOlderThanKey} {
		if errors.Is(err, state) {
			return true
		}
	}
	return false
}

// readPGP returns the first signature of an armoured block of any type, and the
// block's content.
func readPGP(data []byte) (*packet.Signature, []byte, error) {
	block, err := armor.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, nil, err
	}
	raw, err := io.ReadAll(block.Body)
	if err != nil {
		return nil, nil, err
	}
	p, err := packet.Read(bytes.NewReader(raw))
	if err != nil {
		return nil, nil, err
	}
	sig, ok := p.(*packet.Signature)
	if !ok {
		return nil, nil, errors.New("no signature in it")
	}
	return sig, raw, nil
}

// pgpIssuer names a key that may not be known, as the signature does.
func pgpIssuer(sig *packet.Signature) string {
	switch {
	case sig.IssuerFingerprint != nil:
		return "OpenPGP " + strings.ToUpper(hex.EncodeToString(sig.IssuerFingerprint))
	case sig.IssuerKeyId != nil:
		return fmt.Sprintf("OpenPGP %016X", *sig.IssuerKeyId)
	}
	return "an OpenPGP key that is not named"
}
