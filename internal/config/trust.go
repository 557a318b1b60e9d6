package config

import (
	"path/filepath"
	"regexp"
	"strings"
)

// decodeTrust reads [verify] and [image].
func (d *draft) decodeTrust(r *node) {
	v := d.table(r, "verify")
	d.known(v, "signatures", "keys")
	d.Signatures = SignaturePolicy{Required: strings.ToLower(d.str(v, "signatures")), Keys: d.texts(v, "keys")}
	if v != nil {
		d.Signatures.Pos = v.key
	}
	i := d.table(r, "image")
	d.known(i, "base", "ca_certs", "user")
	d.Image = Image{Base: d.str(i, "base"), CACerts: d.str(i, "ca_certs"), User: d.str(i, "user")}
}

// defaultTrust makes paths absolute.
func (d *draft) defaultTrust() {
	for i, n := range d.root.at("verify", "keys").strings() {
		d.Signatures.Keys[i] = d.abs(n, d.Signatures.Keys[i])
	}
	d.Image.CACerts = d.abs(d.root.at("image", "ca_certs"), d.Image.CACerts)
	if b := d.Image.Base; strings.HasPrefix(b, ".") || strings.HasPrefix(b, "~/") {
		d.Image.Base = d.abs(d.root.at("image", "base"), b) // no reference begins with a dot
	}
}

// IsUser reports whether a string is a user to run as: UID or UID:GID.
func IsUser(s string) bool { return userForm.MatchString(s) }

// userForm is a numeric user, with a group or without. A name would have to be
// looked up in the image, where scratch has none.
var userForm = regexp.MustCompile(`^[0-9]+(:[0-9]+)?$`)

func (d *draft) validateTrust() {
	v := d.root.get("verify")
	if v != nil {
		d.oneOf(v.get("signatures"), d.Signatures.Required, "tag", "commit")
		switch {
		case d.Signatures.Required != "" && len(d.Signatures.Keys) == 0:
			d.errorf(v.key, "verify.signatures needs verify.keys, files of the keys that are allowed")
		case d.Signatures.Required == "" && len(d.Signatures.Keys) > 0:
			d.errorf(v.key, "verify.keys needs verify.signatures, tag or commit")
		}
	}
	if u := d.Image.User; u != "" && !IsUser(u) {
		d.errorf(d.root.at("image", "user").pos, "image.user is %q, want UID or UID:GID", u)
	}
	// The go command starts it in the workspace, which moves.
	if program, _, _ := strings.Cut(d.Build.CacheProg, " "); strings.ContainsAny(program, `/\`) && !filepath.IsAbs(program) {
		d.errorf(d.root.at("build", "cacheprog").pos, "build.cacheprog begins with %q, want a program on PATH or an absolute path", program)
	}
}
