package live

import "slices"

// changes are what has changed and is not served yet.
type changes struct {
	// code are files that no build has succeeded with, and failed says that one of
	// these as they are has failed.
	code   []string
	failed bool
	// settings says that the server's settings are others than it was started with.
	settings bool
	// built says that there is a newer binary than the one that runs.
	built bool
}

// task is what is to be done about changes.
type task struct {
	code     []string // to build anew, after these changed
	settings bool     // to check them, after the build
}

// and adds what has changed meanwhile.
func (c changes) and(code []string, settings bool) changes {
	c.code = slices.Concat(c.code, code)
	c.failed = c.failed && len(code) == 0
	c.settings = c.settings || settings
	return c
}

// task is what is to be done now. What has failed is not built once more.
func (c changes) task() task {
	if c.failed {
		return task{settings: c.settings}
	}
	return task{code: c.code, settings: c.settings}
}

// outcome is how a task ended.
type outcome int

const (
	done        outcome = iota
	notBuilt            // it does not compile, and the settings were not looked at
	notAdmitted         // the settings have a problem
)

// after is what is left after a task, and whether the server is to be started
// anew.
func (c changes) after(t task, end outcome) (left changes, start bool) {
	if end == notBuilt {
		c.failed = true
		return c, false
	}
	if len(t.code) > 0 {
		c.code, c.built = nil, true
	}
	if end == notAdmitted {
		return c, false
	}
	start = c.built || c.settings
	c.built, c.settings = false, false
	return c, start
}

// again reports whether there is something to do right after a task: to start
// what runs with settings that changed together with code that does not compile.
func (c changes) again(t task, end outcome) bool {
	return end == notBuilt && t.settings
}

// parted parts the files that changed into the server's settings and all others.
func parted(files, settings []string) (code []string, changed bool) {
	for _, f := range files {
		if slices.Contains(settings, f) {
			changed = true
			continue
		}
		code = append(code, f)
	}
	return code, changed
}
