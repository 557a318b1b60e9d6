package sbom

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/licensecheck"
	"github.com/vxlite/vxlite/internal/disk"
)

// Licences are those that a module's files have at its root, by their SPDX names,
// sorted; nil where none is known. Each holds for the whole or a part, which only a
// person can tell.
func Licences(dir string) []string {
	if dir == "" {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var ids []string
	for _, e := range entries {
		if e.Type().IsRegular() && isLicenceFile(e.Name()) {
			ids = append(ids, recognised(filepath.Join(dir, e.Name()))...)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// licences are those of a module as CycloneDX has them, or nil.
func licences(dir string) *cdx.Licenses {
	var out cdx.Licenses
	for _, id := range Licences(dir) {
		l := &cdx.License{ID: id}
		if slices.Contains(notSPDX, id) {
			l = &cdx.License{Name: id}
		}
		out = append(out, cdx.LicenseChoice{License: l})
	}
	if out == nil {
		return nil
	}
	return &out
}

// isLicenceFile goes by the names that pkg.go.dev/license-policy has.
func isLicenceFile(name string) bool {
	name = strings.ToUpper(name)
	for _, beginning := range []string{"LICENSE", "LICENCE", "COPYING", "UNLICENSE", "MIT-LICENSE"} {
		if rest, ok := strings.CutPrefix(name, beginning); ok && (rest == "" || strings.ContainsAny(rest[:1], ".-_")) {
			return !strings.HasSuffix(name, ".GO")
		}
	}
	return false
}

// covered is how much of a file must be a licence for it to be one, in
// percent, as pkg.go.dev has it.
const covered = 75

// largest bounds a licence, in bytes.
const largest = 1 << 20

// recognised returns the licences of a file.
func recognised(name string) []string {
	f, err := disk.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, largest))
	if err != nil {
		return nil
	}
	found := licensecheck.Scan(data)
	if found.Percent < covered {
		return nil
	}
	var ids []string
	for _, m := range found.Match {
		ids = append(ids, m.ID)
	}
	return ids
}

// notSPDX are licensecheck's names that are none of SPDX's list; a test says
// which.
var notSPDX = []string{
	"Aladdin-9", "Anti996", "BSD-1-Clause-Clear", "BSD-3-Clause-NoTrademark", "CC-BY-NC-SA-3.0-US", "CommonsClause",
	"GPL-2.0-or-3.0", "GooglePatentClause", "GooglePatentsFile", "MIT-NoAd", "Prosperity-3.0.0",
}
