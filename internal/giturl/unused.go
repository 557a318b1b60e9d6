package giturl

// Failing is what fails for want of a setting that is not used.
type Failing int

// What fails.
const (
	ToAny Failing = iota
	ToConnect
	ToLogIn
	ToAgree // on algorithms
	ToTrust // the host
	Otherwise
)

// Unused is a setting that OpenSSH or git would use and vxlite does not.
type Unused struct {
	What  string // with the file it is in; never its value, which may be a secret
	Fails Failing
	SSH   bool   // whether it is for SSH, and not for HTTP
	url   string // what it is limited to; empty for all
	// Instead says what does the same; empty for nothing.
	Instead string
}

// String says what is not supported, and what is in its place.
func (u Unused) String() string {
	s := u.What + " is not supported"
	if u.Instead != "" {
		s += "; " + u.Instead
	}
	return s
}
