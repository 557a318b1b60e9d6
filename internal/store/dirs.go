package store

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// directory is one of those that a store has.
type directory struct {
	name  string
	clean cleaning
}

// cleaning is when Clean removes what a directory has.
type cleaning int

const (
	stays    cleaning = iota // never: it is small
	byCommit                 // with its commit, which the names begin with
	byName                   // with the commit that a file names
	made                     // where it is old: a build makes it again
	former                   // always: an earlier vxlite wrote it, and nothing reads it any more
)

// directories are all that any package keeps in a store. Who believes what is
// in one is said with each: a name that is a hash proves what is under it, all
// else is believed by those alone who would have got the same answer.
var directories = []directory{
	// COMMIT/: a bare, shallow repository with that one commit. source writes it,
	// and reads it once it has compared it with its checksums.
	{"git", byCommit},
	// COMMIT/FOLDER%2/: the module in that folder, as its module zip would be; with
	// +DIGEST behind it, with these patches.
	// source writes it; the build compiles it once it was compared with sum/.
	{"tree", byCommit},
	// COMMIT/FOLDER%2: checksums of a tree's files, to find damage by. source's.
	{"sum", byCommit},
	// COMMIT: the commit's time. source's, from objects that had their hash.
	{"commit", byCommit},
	// COMMIT-…: pseudo-versions, which take a history to work out. resolve's, by
	// commit, module path and place.
	{"pseudo", byCommit},
	// COMMIT-…: annotated tags that were asked for their signature. source's, by
	// commit, name and place.
	{"signed", byCommit},
	// COMMIT-…: hashes of modules. resolve's, by commit, folder, path and version;
	// another store's are not taken.
	{"h1", byCommit},
	// URL/TAG/PLACE: the commit that a tag named when a place was last asked, or
	// that it was not there when another was taken for it. source's; believed by
	// those who would ask the same place.
	{"said", byName},
	// OBJECT: the commit that an annotated tag object points to. source's.
	{"peel", byName},
	// DIGEST/: workspaces. The build's, which compares them with what it would
	// write.
	{"work", made},
	// CONFIG/: the servers of run, and which of them is running. run's.
	{"run", made},
	// What was read of plugins, by all that went into it. The check's.
	{"plugins", stays},
	// Where a binary was put, and what it was made of. The build's, which looks
	// at the binary's size and time.
	{"built", stays},
	// What the go command says of itself: its settings, and the platforms it
	// compiles for. gotool's, by the command's file and the environment.
	{"goenv", stays},
	{"ports", stays},
	// One file a place, locked while a repository is fetched from it. source's.
	{"lock", stays},
	// KEY: the path of a lock that runs use, and when one last did. Cleaning reads
	// it, and removes those of locks that are gone.
	{"locks", stays},
	// What is being made. The next run removes what a killed one left.
	{"tmp", stays},
	// These did not tell who had said what they held.
	{"tag", former},
	{"tagobject", former},
	{"version", former},
}

// check refuses a path that lies in none of the directories.
func (s *Store) check(p string) error {
	rel, err := filepath.Rel(s.dir, p)
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
	if !slices.ContainsFunc(directories, func(d directory) bool { return d.name == first }) {
		return fmt.Errorf("the store has no directory %s", first)
	}
	return nil
}
