// Package provenance writes where a binary came from as an in-toto statement
// with SLSA's provenance v1 as its predicate: which commits went in, and which
// command made it. It is not signed; whoever built the binary can do that.
//
// The form is that of github.com/in-toto/attestation, spec/v1, and of
// slsa.dev/spec/v1.0/provenance. There is no time in it and no name of a
// machine, so the same build gives the same bytes.
package provenance

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/inspect"
	"github.com/vxlite/vxlite/internal/manifest"
)

// The types of the statement and of what is in it.
const (
	statementType = "https://in-toto.io/Statement/v1"
	predicateType = "https://slsa.dev/provenance/v1"
	buildType     = "https://github.com/vxlite/vxlite#provenance"
	builder       = "https://github.com/vxlite/vxlite"
)

// Statement is in-toto's.
type Statement struct {
	Type          string     `json:"_type"`
	Subject       []Resource `json:"subject"`
	PredicateType string     `json:"predicateType"`
	Predicate     Predicate  `json:"predicate"`
}

// Resource is in-toto's ResourceDescriptor.
type Resource struct {
	Name        string            `json:"name,omitempty"`
	URI         string            `json:"uri,omitempty"`
	Digest      map[string]string `json:"digest,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Predicate is SLSA's.
type Predicate struct {
	BuildDefinition BuildDefinition `json:"buildDefinition"`
	RunDetails      RunDetails      `json:"runDetails"`
}

// BuildDefinition is what the build was asked for, and of what it was made.
type BuildDefinition struct {
	BuildType            string     `json:"buildType"`
	ExternalParameters   External   `json:"externalParameters"`
	InternalParameters   Internal   `json:"internalParameters"`
	ResolvedDependencies []Resource `json:"resolvedDependencies"`
}

// External is what the user decided.
type External struct {
	// Command is vxlite's, without what only says where things are.
	Command []string `json:"command"`
	// Config is the digest of what the config means.
	Config string `json:"config"`
	Target string `json:"target"`
}

// Internal is what vxlite made of it.
type Internal struct {
	// Command is the go command's, run in the workspace.
	Command     []string `json:"command"`
	Environment []string `json:"environment"`
}

// RunDetails say who built.
type RunDetails struct {
	Builder Builder `json:"builder"`
}

// Builder is a vxlite with a Go, on a machine of the user's.
type Builder struct {
	ID      string            `json:"id"`
	Version map[string]string `json:"version"`
}

// Make returns the statement of a binary as JSON. configFile is the name of the
// config's file, tool the version of the vxlite that makes it.
func Make(b *inspect.Binary, configFile, tool string) ([]byte, error) {
	m := b.Manifest
	if m == nil {
		return nil, fmt.Errorf("%s: no manifest to make a statement of", b.File)
	}
	goos, rest, _ := strings.Cut(b.Target, "/")
	goarch, _, varied := strings.Cut(rest, "/")
	environment := []string{"GOARCH=" + goarch, "GOOS=" + goos}
	for _, s := range b.Settings {
		if strings.HasPrefix(s, "CGO_ENABLED=") {
			environment = append([]string{s}, environment...)
		}
		if name, _, _ := strings.Cut(s, "="); varied && name == config.VariantSetting(goarch) {
			environment = append(environment, s)
		}
	}
	s := Statement{
		Type:          statementType,
		Subject:       []Resource{{Name: base(b.File), Digest: map[string]string{"sha256": b.SHA256}}},
		PredicateType: predicateType,
		Predicate: Predicate{
			BuildDefinition: BuildDefinition{
				BuildType: buildType,
				ExternalParameters: External{
					Command: []string{"vxlite", "build", "-c", base(configFile), "--target", b.Target},
					Config:  m.Config,
					Target:  b.Target,
				},
				InternalParameters:   Internal{Command: append(append([]string{"go", "build"}, m.Flags...), "./app"), Environment: environment},
				ResolvedDependencies: materials(b),
			},
			RunDetails: RunDetails{Builder: Builder{ID: builder, Version: map[string]string{"vxlite": tool, "go": b.Go}}},
		},
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(s)
	return out.Bytes(), err
}

// base is a file's name, whatever its platform separates names with.
func base(file string) string { return path.Base(strings.ReplaceAll(file, `\`, "/")) }

// materials are the modules, those from git first, each sorted by path and followed
// by its patches.
func materials(b *inspect.Binary) []Resource {
	out := []Resource{}
	for _, m := range b.Manifest.Modules {
		out = append(out, fromGit(m))
		for _, p := range m.Patches {
			out = append(out, Resource{Name: p.Name, Digest: map[string]string{"sha256": p.SHA256},
				Annotations: map[string]string{"patches": m.Path + "@" + m.Version}})
		}
	}
	for _, m := range b.ThirdParty {
		r := Resource{Name: m.Path + "@" + m.Version, URI: manifest.PackageURL(m.Path, m.Version, ""), Digest: digest("dirHash", m.Sum)}
		if m.ReplacedBy != "" {
			r.Annotations = map[string]string{"replacedBy": m.ReplacedBy}
		}
		out = append(out, r)
	}
	return out
}

func fromGit(m manifest.Module) Resource {
	r := Resource{Name: m.Path + "@" + m.Version, Digest: digest("dirHash", m.H1), Annotations: map[string]string{}}
	if m.Commit != "" {
		if r.Digest == nil {
			r.Digest = map[string]string{}
		}
		r.Digest["gitCommit"] = m.Commit
	}
	r.URI = manifest.PackageURL(m.Path, m.Version, "")
	if vcs := manifest.VCSURL(m.URL); vcs != "" {
		r.URI = vcs + "@" + m.Commit
	}
	for name, value := range map[string]string{"folder": m.Folder, "replacedBy": m.ReplacedBy, "url": m.URL} {
		if value != "" {
			r.Annotations[name] = value
		}
	}
	if m.Local {
		r.Annotations["local"] = "yes"
		if m.Dirty {
			r.Annotations["local"] = "dirty"
		}
		delete(r.Digest, "gitCommit") // the directory need not be what the commit is
		if m.Commit != "" {
			r.Annotations["checkedOut"] = m.Commit
		}
	}
	if len(r.Annotations) == 0 {
		r.Annotations = nil
	}
	return r
}

// digest puts an h1 into the form of in-toto's dirHash: hex, without prefix.
func digest(name, h1 string) map[string]string {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(h1, "h1:"))
	if err != nil || len(raw) == 0 {
		return nil
	}
	return map[string]string{name: hex.EncodeToString(raw)}
}
