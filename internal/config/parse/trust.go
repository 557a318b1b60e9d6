package parse

import (
	"path/filepath"
	"strings"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/tree"
)

// decodeTrust reads [verify] and [image].
func (d *draft) decodeTrust(r *tree.Node) {
	v := r.Table("verify")
	d.Signatures = config.SignaturePolicy{Required: strings.ToLower(v.Str("signatures")), Keys: v.Texts("keys")}
	d.Signatures.Place = placeOf(v.Get("keys"))
	i := r.Table("image")
	d.Image = config.Image{Base: i.Str("base"), CACerts: i.Str("ca_certs"), User: i.Str("user"),
		BasePlace: placeOf(i.Get("base")), CACertsPlace: placeOf(i.Get("ca_certs"))}
}

// placeOf is where a key stands, zero if it does not.
func placeOf(n *tree.Node) config.Place {
	if n == nil {
		return config.Place{}
	}
	return config.Place{Key: n.Path(), Pos: n.Key}
}

// defaultTrust makes paths absolute.
func (d *draft) defaultTrust() {
	for i, n := range d.root.At("verify", "keys").Strings() {
		d.Signatures.Keys[i] = d.abs(n, d.Signatures.Keys[i])
	}
	d.Image.CACerts = d.abs(d.root.At("image", "ca_certs"), d.Image.CACerts)
	if b := d.Image.Base; strings.HasPrefix(b, ".") || strings.HasPrefix(b, "~/") {
		d.Image.Base = d.abs(d.root.At("image", "base"), b) // no reference begins with a dot
	}
}

func (d *draft) validateTrust() {
	v := d.root.Get("verify")
	if v != nil {
		switch {
		case d.Signatures.Required != "" && len(d.Signatures.Keys) == 0:
			d.Errorf(v.Key, "verify.signatures needs verify.keys, files of the keys that are allowed")
		case d.Signatures.Required == "" && len(d.Signatures.Keys) > 0:
			d.Errorf(v.Key, "verify.keys needs verify.signatures, tag or commit")
		}
	}
	if u := d.Image.User; u != "" && !config.IsUser(u) {
		d.Errorf(d.root.At("image", "user").Pos, "image.user is %q, want UID or UID:GID", u)
	}
	// The go command starts it in the workspace, which moves.
	if program, _, _ := strings.Cut(d.Build.CacheProg, " "); strings.ContainsAny(program, `/\`) && !filepath.IsAbs(program) {
		d.Errorf(d.root.At("build", "cacheprog").Pos, "build.cacheprog begins with %q, want a program on PATH or an absolute path", program)
	}
}
