package testkit

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/rogpeppe/go-internal/txtar"
)

// BuildRepos makes the repositories that the *.txtar files at the root of
// archives describe, as DIR/OWNER/NAME.git, and returns them in the files'
// order.
func BuildRepos(dir string, archives fs.FS) ([]*Repo, error) {
	repos, err := ReadRepos(archives)
	if err != nil {
		return nil, err
	}
	for _, r := range repos {
		if err := r.Write(dir); err != nil {
			return nil, fmt.Errorf("%s: %w", r.URL, err)
		}
	}
	return repos, nil
}

// ReadRepos is [BuildRepos] in memory.
func ReadRepos(archives fs.FS) ([]*Repo, error) {
	names, err := fs.Glob(archives, "*.txtar")
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no *.txtar files")
	}
	var repos []*Repo
	for _, name := range names {
		data, err := fs.ReadFile(archives, name)
		if err != nil {
			return nil, err
		}
		r, err := ParseRepo(name, data)
		if err != nil {
			return nil, err
		}
		repos = append(repos, r)
	}
	return repos, nil
}

// ParseRepo makes one repository from an archive; name is the archive's, for
// errors.
func ParseRepo(name string, archive []byte) (*Repo, error) {
	s := &script{
		archive: txtar.Parse(archive),
		tree:    tree{},
		used:    map[string]bool{},
		repo:    newRepo(),
	}
	for i, line := range strings.Split(string(s.archive.Comment), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := s.run(line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, i+1, err)
		}
	}
	if s.dirty {
		return nil, fmt.Errorf("%s: the last changes are in no commit", name)
	}
	for _, f := range s.archive.Files {
		if !s.used[f.Name] {
			return nil, fmt.Errorf("%s: no add command takes the file %s", name, f.Name)
		}
	}
	return s.repo, nil
}

// script is the state of a repository's script.
type script struct {
	archive *txtar.Archive
	used    map[string]bool // the archive's files that some add took
	repo    *Repo
	branch  string
	tree    tree
	added   string // the last add's prefix
	dirty   bool
}

// run runs one line.
func (s *script) run(line string) error {
	verb, rest, _ := strings.Cut(line, " ")
	args := strings.Fields(rest)
	n, ok := map[string]int{
		"url": 1, "branch": 1, "add": 1, "rm": 1, "edit": 2, "exec": 1, "symlink": 2, "submodule": 2,
	}[verb]
	if ok && len(args) != n {
		return fmt.Errorf("%s takes %d arguments", verb, n)
	}
	if verb != "url" && s.repo.URL == "" {
		return fmt.Errorf("url comes first")
	}
	switch verb {
	case "url":
		return s.setURL(args[0])
	case "branch":
		return s.goTo(args[0])
	case "commit":
		return s.commit(args, rest)
	case "tag":
		return s.tag(args)
	}
	s.dirty = true
	switch verb {
	case "add":
		return s.add(args[0])
	case "rm":
		return s.remove(args[0])
	case "edit":
		return s.edit(args[0], args[1])
	case "exec":
		return s.makeExecutable(args[0])
	case "symlink":
		s.tree[args[0]] = entry{mode: filemode.Symlink, data: args[1]}
	case "submodule":
		s.tree[args[0]] = entry{mode: filemode.Submodule, data: args[1]}
	default:
		return fmt.Errorf("unknown command %s", verb)
	}
	return nil
}

func (s *script) setURL(url string) error {
	if s.repo.URL != "" {
		return fmt.Errorf("url stands twice")
	}
	if strings.Count(url, "/") < 2 || path.Clean(url) != url {
		return fmt.Errorf("%s is not HOST/OWNER/NAME", url)
	}
	s.repo.URL = url
	return nil
}

func (s *script) goTo(branch string) error {
	if s.dirty {
		return fmt.Errorf("changes are in no commit")
	}
	if s.repo.Head == "" {
		s.repo.Head = branch
	}
	if head, ok := s.repo.refs[branchRef(branch)]; ok {
		s.tree = s.repo.trees[head].clone()
	} else if head, ok := s.repo.refs[branchRef(s.branch)]; ok {
		s.repo.refs[branchRef(branch)] = head
	}
	s.branch = branch
	return nil
}

func (s *script) commit(args []string, rest string) error {
	if len(args) < 2 {
		return fmt.Errorf("commit takes a time and a message")
	}
	when, err := time.Parse(time.RFC3339, args[0])
	if err != nil {
		return err
	}
	if s.branch == "" {
		return fmt.Errorf("no branch to commit to")
	}
	message := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(rest), args[0]))
	s.dirty = false
	if err := s.repo.commit(s.branch, s.tree.clone(), when, message); err != nil {
		return err
	}
	s.repo.added[s.repo.refs[branchRef(s.branch)]] = s.added
	return nil
}

func (s *script) tag(args []string) error {
	annotated := len(args) == 2 && args[0] == "-a"
	if len(args) != 1 && !annotated {
		return fmt.Errorf("tag takes [-a] NAME")
	}
	if s.dirty {
		return fmt.Errorf("changes are in no commit")
	}
	return s.repo.tag(s.branch, args[len(args)-1], annotated)
}

func (s *script) add(prefix string) error {
	s.added = prefix
	found := false
	for _, f := range s.archive.Files {
		name, ok := strings.CutPrefix(f.Name, prefix+"/")
		if !ok {
			continue
		}
		found = true
		s.used[f.Name] = true
		s.tree[name] = regular(f.Data)
	}
	if !found {
		return fmt.Errorf("the archive has no files %s/…", prefix)
	}
	return nil
}

func (s *script) remove(name string) error {
	n := len(s.tree)
	for have := range s.tree {
		if have == name || strings.HasPrefix(have, name+"/") {
			delete(s.tree, have)
		}
	}
	if len(s.tree) == n {
		return fmt.Errorf("the tree has no %s", name)
	}
	return nil
}

func (s *script) edit(from, to string) error {
	found := false
	for name, e := range s.tree {
		if e.mode.IsFile() && e.mode != filemode.Symlink && strings.Contains(e.data, from) {
			found = true
			e.data = strings.ReplaceAll(e.data, from, to)
			s.tree[name] = e
		}
	}
	if !found {
		return fmt.Errorf("no file has the text %s", from)
	}
	return nil
}

func (s *script) makeExecutable(name string) error {
	e, ok := s.tree[name]
	if !ok {
		return fmt.Errorf("the tree has no %s", name)
	}
	e.mode = filemode.Executable
	s.tree[name] = e
	return nil
}
