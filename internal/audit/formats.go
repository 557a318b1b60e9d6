package audit

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/vxlite/vxlite/internal/manifest"
)

// Formats are those that a result can be written in besides a table.
var Formats = []string{"json", "sarif", "openvex"}

// Format writes a result in one of the Formats. tool is the version of vxlite.
func (r *Result) Format(format, tool string, now time.Time) ([]byte, error) {
	var v any = r
	switch format {
	case "sarif":
		v = r.sarif(tool)
	case "openvex":
		v = r.openVEX(tool, now)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return out.Bytes(), err
}

// object is one of JSON, whose keys come sorted.
type object map[string]any

// text is SARIF's form of one.
func text(s string) object { return object{"text": s} }

// about is where more is said of a vulnerability.
func about(id string) string { return "https://pkg.go.dev/vuln/" + url.PathEscape(id) }

// sarif is the result as SARIF 2.1.0, which code scanning reads: a rule for each
// vulnerability, and a result for each finding, at the config or the binary. What is
// ignored is suppressed, what is not linked a note.
func (r *Result) sarif(tool string) object {
	rules, results := []object{}, []object{}
	index := map[string]int{}
	for _, f := range r.Findings {
		if _, ok := index[f.ID]; !ok {
			index[f.ID] = len(rules)
			rules = append(rules, object{"id": f.ID, "shortDescription": text(cmp.Or(f.Summary, f.ID)), "helpUri": about(f.ID),
				"fullDescription": text(cmp.Or(f.Summary, f.ID)), "properties": object{"tags": append([]string{"security"}, f.Aliases...)}})
		}
		one := object{
			"ruleId": f.ID, "ruleIndex": index[f.ID], "level": level(&f), "message": text(f.sentence()),
			"locations":           []object{{"physicalLocation": object{"artifactLocation": object{"uri": relative(r.File)}, "region": object{"startLine": 1}}}},
			"partialFingerprints": object{"vulnerabilityAndModule/v1": f.ID + "/" + f.Module},
			"properties":          object{"module": f.Module, "version": f.Version, "fixed": f.Fixed, "reach": f.Reach, "plugins": append([]string{}, f.Plugins...)},
		}
		if f.Ignored != nil && !f.Ignored.Expired {
			one["suppressions"] = []object{{"kind": "external", "justification": f.Ignored.Reason}}
		}
		results = append(results, one)
	}
	for _, l := range r.Licences {
		results = append(results, object{"ruleId": "licence", "level": "error", "message": text(l.sentence()),
			"locations": []object{{"physicalLocation": object{"artifactLocation": object{"uri": relative(r.File)}, "region": object{"startLine": 1}}}}})
	}
	if len(r.Licences) > 0 {
		rules = append(rules, object{"id": "licence", "shortDescription": text("A licence that is not allowed")})
	}
	driver := object{"name": "vxlite", "version": tool, "informationUri": "https://github.com/vxlite/vxlite", "rules": rules}
	return object{"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": []object{{"tool": object{"driver": driver}, "results": results}}}
}

// level is how bad a finding is to SARIF.
func level(f *Finding) string {
	if f.Linked() {
		return "error"
	}
	return "note"
}

// relative is a file as a URI, which is relative as the file is.
func relative(file string) string { return (&url.URL{Path: filepath.ToSlash(file)}).String() }

// sentence says all of a finding in plain text.
func (f *Finding) sentence() string {
	s := f.Module + " " + f.Version + " has " + f.ID
	switch {
	case !f.Known:
	case f.Linked():
		s += ", and a vulnerable function is linked"
	default:
		s += ", but no vulnerable function is linked"
	}
	if f.Fixed == "" {
		return s + "; no version fixes it"
	}
	s += "; fixed in " + f.Fixed
	if f.Remedy != "" {
		s += "; " + f.Remedy
	}
	return s
}

// sentence says what a module is under.
func (l *Licence) sentence() string {
	s := l.Module + " " + l.Version + " is under "
	if len(l.Found) == 0 {
		return s + "no licence that was found"
	}
	return s + strings.Join(l.Found, ", ") + ", which audit.licences does not allow"
}

// openVEX is the result as OpenVEX 0.2.0: a statement for each finding, on the server
// by its file's name or hash, with the module as its part. It is made anew, by now's
// clock, with an identifier of what it says.
func (r *Result) openVEX(tool string, now time.Time) object {
	statements := []object{}
	for _, f := range r.Findings {
		product := object{"@id": "pkg:generic/" + relative(filepath.Base(r.File)), "subcomponents": []object{{"@id": purl(&f)}}}
		if r.SHA256 != "" {
			product["hashes"] = object{"sha-256": r.SHA256}
		}
		s := object{"vulnerability": object{"@id": about(f.ID), "name": f.ID, "description": f.Summary, "aliases": append([]string{}, f.Aliases...)},
			"products": []object{product}}
		switch {
		case !f.Known:
			s["status"] = "under_investigation"
		case f.Linked():
			s["status"], s["action_statement"] = "affected", action(&f)
		default:
			s["status"], s["justification"] = "not_affected", "vulnerable_code_not_present"
		}
		if i := f.Ignored; i != nil && !i.Expired && i.Reason != "" {
			s["status_notes"] = "ignored: " + i.Reason
		}
		statements = append(statements, s)
	}
	doc := object{"@context": "https://openvex.dev/ns/v0.2.0", "author": "vxlite", "tooling": "vxlite " + tool, "timestamp": now.UTC().Format(time.RFC3339),
		"version": 1, "statements": statements}
	body, err := json.Marshal(doc)
	if err != nil {
		panic(err) // only a type that JSON cannot express fails
	}
	sum := sha256.Sum256(body)
	doc["@id"] = "https://openvex.dev/docs/public/vex-" + hex.EncodeToString(sum[:])
	return doc
}

// action is what OpenVEX wants said of what is affected.
func action(f *Finding) string { return cmp.Or(f.Remedy, "no version fixes it") }

// purl is a module's package URL.
func purl(f *Finding) string {
	version := f.Version
	if f.Module == stdlib && len(version) > 0 {
		version = version[1:]
	}
	return manifest.PackageURL(f.Module, version, "")
}
