package manifest

import (
	"net/url"
	"path"
	"strings"

	"github.com/package-url/packageurl-go"
)

// PackageURL is a Go module's, as github.com/package-url/purl-spec has it. vcs
// is a VCSURL with a commit, or empty.
func PackageURL(module, version, vcs string) string {
	namespace, name := path.Split(module)
	var q packageurl.Qualifiers
	if vcs != "" {
		q = packageurl.Qualifiers{{Key: "vcs_url", Value: vcs}}
	}
	return packageurl.NewPackageURL(packageurl.TypeGolang, strings.TrimSuffix(namespace, "/"), name, version, q, "").ToString()
}

// VCSURL is a clone URL in the form that SPDX gave to addresses in version
// control, git+SCHEME://…, and which others took over. It is empty for one that
// says nothing elsewhere, as a folder's.
func VCSURL(clone string) string {
	if strings.Contains(clone, "://") {
		u, err := url.Parse(clone)
		if err != nil {
			return ""
		}
		return "git+" + strings.TrimPrefix(u.String(), "git+")
	}
	host, rest, ok := strings.Cut(clone, "]:") // an address, or a host and its port
	switch {
	case !ok:
		host, rest, ok = strings.Cut(clone, ":")
	case strings.Count(host, ":") == 1:
		host = strings.Replace(host, "[", "", 1)
	default:
		host += "]"
	}
	if !ok || host == "local" || strings.ContainsAny(host, `/\`) {
		return ""
	}
	return "git+ssh://" + host + "/" + strings.TrimPrefix(rest, "/")
}
