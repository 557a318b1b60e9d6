// Package sbom writes the CycloneDX bill of materials of a server: the modules
// that are linked into it, where they came from, and under which licences.
//
// The same contents give the same bytes: there is no time in it unless one is
// given, and the serial number is made of the rest.
package sbom

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"github.com/vxlite/vxlite/internal/inspect"
	"github.com/vxlite/vxlite/internal/manifest"
)

// Options are what a binary does not say of itself.
type Options struct {
	// Tool is the version of the vxlite that is running.
	Tool string
	// Time is when the bill was made; zero for not saying.
	Time time.Time
	// FromGit and ThirdParty return the directory with a module's files, or ""
	// where it is not at hand: licences are looked for there.
	FromGit    func(manifest.Module) string
	ThirdParty func(path, version string) string
	// Patch returns the contents of a module's patch by its SHA-256, or nil where
	// they are not at hand.
	Patch func(manifest.Module, manifest.Patch) []byte
}

// The names of the properties. An h1 is the hash of a module's files and their
// names, as go.sum has it, and not of any one file, so it is none of CycloneDX's
// hashes.
const (
	propH1       = "vxlite:h1"
	propPlugin   = "vxlite:plugin"
	propFolder   = "vxlite:folder"
	propLocal    = "vxlite:local"
	propReplaces = "vxlite:replaces"
	propConfig   = "vxlite:config"
	propTarget   = "vxlite:target"
)

// Make returns the bill as JSON. A binary that was not built yet has no File,
// and so no hash.
func Make(b *inspect.Binary, o Options) ([]byte, error) {
	if b.Manifest == nil {
		return nil, fmt.Errorf("%s: no manifest to make a bill of", b.File)
	}
	bom := cdx.NewBOM()
	root := component(b)
	var parts []cdx.Component
	for _, m := range b.Manifest.Modules {
		parts = append(parts, fromGit(m, o))
	}
	for _, m := range b.ThirdParty {
		parts = append(parts, thirdParty(m, o))
	}
	parts = append(parts, standardLibrary(b.Go))
	slices.SortFunc(parts, func(x, y cdx.Component) int { return strings.Compare(x.BOMRef, y.BOMRef) })
	refs := make([]string, 0, len(parts))
	links := []cdx.Dependency{{Ref: root.BOMRef, Dependencies: &refs}}
	for _, p := range parts {
		refs = append(refs, p.BOMRef)
		links = append(links, cdx.Dependency{Ref: p.BOMRef})
	}
	tools := []cdx.Component{{Type: cdx.ComponentTypeApplication, Name: "vxlite", Version: o.Tool}}
	bom.Metadata = &cdx.Metadata{Component: &root, Tools: &cdx.ToolsChoice{Components: &tools}}
	if !o.Time.IsZero() {
		bom.Metadata.Timestamp = o.Time.UTC().Format(time.RFC3339)
	}
	bom.Components, bom.Dependencies = &parts, &links
	unnumbered, err := encode(bom)
	if err != nil {
		return nil, err
	}
	bom.SerialNumber = serialNumber(unnumbered)
	return encode(bom)
}

func encode(bom *cdx.BOM) ([]byte, error) {
	var out bytes.Buffer
	enc := cdx.NewBOMEncoder(&out, cdx.BOMFileFormatJSON)
	enc.SetPretty(true)
	enc.SetEscapeHTML(false)
	err := enc.EncodeVersion(bom, cdx.SpecVersion1_6)
	return out.Bytes(), err
}

// serialNumber is a UUID of version 8, RFC 9562's for one's own making.
func serialNumber(content []byte) string {
	u := sha256.Sum256(content)
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:16])
}

// component is the server itself.
func component(b *inspect.Binary) cdx.Component {
	rr := b.Manifest.RoadRunner()
	c := cdx.Component{Type: cdx.ComponentTypeApplication, Name: "roadrunner", Version: rr.Version, BOMRef: "server"}
	c.Properties = properties(propConfig, b.Manifest.Config, propTarget, b.Target)
	if b.SHA256 != "" {
		c.Name = path.Base(strings.ReplaceAll(b.File, `\`, "/"))
		c.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: b.SHA256}}
	}
	return c
}

// properties makes a list of names and values, without empty ones.
func properties(pairs ...string) *[]cdx.Property {
	var out []cdx.Property
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out = append(out, cdx.Property{Name: pairs[i], Value: pairs[i+1]})
		}
	}
	if out == nil {
		return nil
	}
	return &out
}

// fromGit is a module that vxlite fetched, or took from a directory.
func fromGit(m manifest.Module, o Options) cdx.Component {
	c := cdx.Component{Type: cdx.ComponentTypeLibrary, Name: m.Path, Version: m.Version}
	vcs := manifest.VCSURL(m.URL)
	var local string
	switch {
	case m.Local && m.Dirty:
		local = "dirty"
	case m.Local:
		local = "yes"
	}
	replaces := ""
	if p, v, ok := strings.Cut(m.ReplacedBy, "@"); ok {
		replaces = m.Path + "@" + m.Version
		c.Name, c.Version = p, v
	}
	c.Properties = properties(propPlugin, m.Name, propH1, m.H1, propFolder, m.Folder, propLocal, local, propReplaces, replaces)
	qualifier := ""
	if vcs != "" {
		qualifier = vcs + "@" + m.Commit
		c.ExternalReferences = &[]cdx.ExternalReference{{Type: cdx.ERTypeVCS, URL: strings.TrimPrefix(vcs, "git+")}}
	}
	if m.Commit != "" {
		commit := cdx.Commit{UID: m.Commit}
		if vcs != "" {
			commit.URL = strings.TrimPrefix(vcs, "git+")
		}
		c.Pedigree = &cdx.Pedigree{Commits: &[]cdx.Commit{commit}, Patches: patches(m, o)}
	}
	c.PackageURL = manifest.PackageURL(c.Name, c.Version, qualifier)
	c.BOMRef = m.Path + "@" + m.Version
	if o.FromGit != nil {
		c.Licenses = licences(o.FromGit(m))
	}
	return c
}

// patches are those of a module, each with its SHA-256 as the fragment of its name.
func patches(m manifest.Module, o Options) *[]cdx.Patch {
	if len(m.Patches) == 0 {
		return nil
	}
	var out []cdx.Patch
	for _, p := range m.Patches {
		diff := &cdx.Diff{URL: (&url.URL{Path: p.Name, Fragment: "sha256=" + p.SHA256}).String()}
		if o.Patch != nil {
			if data := o.Patch(m, p); data != nil {
				diff.Text = &cdx.AttachedText{ContentType: "text/x-diff", Encoding: "base64", Content: base64.StdEncoding.EncodeToString(data)}
			}
		}
		out = append(out, cdx.Patch{Type: cdx.PatchTypeUnofficial, Diff: diff})
	}
	return &out
}

// thirdParty is a module that the go command fetched. What replaces another is
// the component; the other is a property.
func thirdParty(m inspect.Module, o Options) cdx.Component {
	c := cdx.Component{Type: cdx.ComponentTypeLibrary, Name: m.Path, Version: m.Version, BOMRef: m.Path + "@" + m.Version}
	replaces := ""
	if p, v, ok := strings.Cut(m.ReplacedBy, "@"); ok {
		replaces = c.BOMRef
		c.Name, c.Version = p, v
	}
	c.Properties = properties(propH1, m.Sum, propReplaces, replaces)
	c.PackageURL = manifest.PackageURL(c.Name, c.Version, "")
	if o.ThirdParty != nil && m.Sum != "" {
		c.Licenses = licences(o.ThirdParty(c.Name, c.Version))
	}
	return c
}

// standardLibrary is Go's, whose package URL is that of golang in the list of
// package URL types.
func standardLibrary(version string) cdx.Component {
	v, _, _ := strings.Cut(strings.TrimPrefix(version, "go"), " ")
	return cdx.Component{Type: cdx.ComponentTypeLibrary, Name: "std", Version: version, BOMRef: "std@" + version, PackageURL: manifest.PackageURL("stdlib", v, "")}
}
