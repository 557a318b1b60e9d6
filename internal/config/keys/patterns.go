package keys

// Patterns of values. Each matches all that the parser takes, and as little else
// as can be said without becoming a riddle.
const (
	refPattern    = `^[^- ~^:?*\[\\][^ ~^:?*\[\\]*$`
	modulePattern = `^[^/: ]+(/[^/: ]+)*$`
	datePattern   = `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`
	timePattern   = `^\+?[0-9.]`
	goName        = `[A-Za-z0-9]+`
	tagsPattern   = `^[\s\p{Z}]*` + tagName + `[\s\p{Z}]*(,[\s\p{Z}]*` + tagName + `[\s\p{Z}]*)*$`
	tagName       = `[\p{L}\p{Nd}_.]*`

	// An element of a path is neither empty, "." nor "..".
	folderElement = `([^/\\.]|\.[^/\\.]|\.\.[^/\\])[^/\\]*`
	folderPattern = `^/*(\.|` + folderElement + `(/` + folderElement + `)*)?/*$`

	repositoryElement = `([^-/. \\:?#%@]|\.[^/. \\:?#%@]|\.\.[^/ \\:?#%@])[^/ \\:?#%@]*`
	repositoryPath    = repositoryElement + `(/` + repositoryElement + `)*`
	repositoryPattern = `^` + repositoryPath + `$`
	projectPattern    = `^/*` + repositoryElement + `(/` + repositoryElement + `)+/*$`

	directory  = `^(\.\.?([/\\]|$)|[/\\]|~/|[A-Za-z]:[/\\])`
	urlPattern = `^([Hh][Tt][Tt][Pp][Ss]?|[Ss][Ss][Hh]|[Gg][Ii][Tt]\+[Ss][Ss][Hh]|[Ss][Ss][Hh]\+[Gg][Ii][Tt])://(([^-/@][^/]*)?@)?([^-/@]|$)`
	// user@host:path, or an address in brackets for the host.
	scpPattern    = `^(([^-@:/\\][^@:/\\]*)?@)?([^-@:/\\][^:/\\]*|[^:/\[]*\[[^\]]*\]):([^-:/]|/[^/]|/?$)`
	remotePattern = directory + `|` + urlPattern + `|` + scpPattern

	replacementPattern = directory + `|^[^/@: ]*\.[^/@: ]*(/[^/@: ]+)*([@ ]|$)`
)
