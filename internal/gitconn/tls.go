package gitconn

import (
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/giturl"
)

// TLSError is a server certificate that is not trusted.
type TLSError struct {
	URL string
	// CAFile is the config's own, or empty.
	CAFile string
	Err    error
}

// Error implements error.
func (e *TLSError) Error() string { return e.URL + ": " + e.reason() }

func (e *TLSError) cause() string { return giturl.HostOf(e.URL) + ": " + e.reason() }

// reason says what is wrong with the certificate. The library's own words for a
// name depend on whether the certificate has any, and those for an authority do
// not name it.
func (e *TLSError) reason() string {
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](e.Err); ok && invalid.Reason == x509.Expired {
		if from := invalid.Cert.NotBefore.UTC(); time.Now().Before(from) {
			return "the server's certificate is not valid before " + from.Format(time.RFC3339)
		}
		return "the server's certificate expired at " + invalid.Cert.NotAfter.UTC().Format(time.RFC3339)
	}
	if name, ok := errors.AsType[x509.HostnameError](e.Err); ok {
		return fmt.Sprintf("the server's certificate is for %s, not for %s", namesOf(name.Certificate), name.Host)
	}
	if unknown, ok := errors.AsType[x509.UnknownAuthorityError](e.Err); ok && unknown.Cert != nil {
		return fmt.Sprintf("the server's certificate is signed by an authority that is not trusted here: %q", unknown.Cert.Issuer.String())
	}
	return e.Err.Error()
}

// namesOf are the hosts that a certificate is for.
func namesOf(cert *x509.Certificate) string {
	names := append([]string(nil), cert.DNSNames...)
	for _, ip := range cert.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return "no host"
	}
	const most = 5 // of the hundreds that some have
	if more := len(names) - most; more > 0 {
		names = append(names[:most], fmt.Sprintf("%d others", more))
	}
	return strings.Join(names, ", ")
}

// Unwrap returns the library's reason.
func (e *TLSError) Unwrap() error { return e.Err }

// Hints names the way out for a private authority. There is none that trusts a
// server whatever it shows.
func (e *TLSError) Hints() []string {
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](e.Err); ok && invalid.Reason == x509.Expired {
		return []string{"check this machine's clock; if it is right, the server's administrator has to renew the certificate"}
	}
	if _, ok := errors.AsType[x509.HostnameError](e.Err); ok {
		return []string{"name the server as its certificate does, in the URL or by [mirrors]"}
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](e.Err); !ok {
		return nil
	}
	if e.CAFile != "" {
		return []string{"neither the system nor " + e.CAFile + ", which is [git] ca_file, has that authority: add its certificate to the file"}
	}
	return []string{config.Snippet("trust a private certificate authority", "[git]", config.Setting{Key: "ca_file", Value: "FILE.pem"})}
}
