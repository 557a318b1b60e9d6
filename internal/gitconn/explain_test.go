package gitconn

import (
	"testing"

	"github.com/vxlite/vxlite/internal/giturl"
)

func TestExplainSSH(t *testing.T) {
	remote := giturl.Remote{Scheme: "ssh", User: "git", Host: "git.corp", Path: "/lib"}
	for _, tt := range []struct{ said, want string }{
		{"ERROR: Repository not found.\nfatal: Could not read from remote repository.", "no repository at ssh://git@git.corp/lib: the server says: ERROR: Repository not found."},
		{"remote: ERROR: The project you were looking for could not be found.", "no repository at ssh://git@git.corp/lib: the server says: remote: ERROR: The project you were looking for could not be found."},
		{"Gitea: Repository does not exist", "no repository at ssh://git@git.corp/lib: the server says: Gitea: Repository does not exist"},
		{"FATAL: R any grp/lib/sub rr DENIED by fallthru", "no repository at ssh://git@git.corp/lib: the server says: FATAL: R any grp/lib/sub rr DENIED by fallthru"},
		{"sh: git-upload-pack: not found", "ssh://git@git.corp/lib: sh: git-upload-pack: not found"},
		{"", "ssh://git@git.corp/lib: the server ended the conversation without a word"},
	} {
		if got := explainSSH(remote, &serverError{said: tt.said}); got.Error() != tt.want {
			t.Errorf("%q:\n%s\nwant:\n%s", tt.said, got, tt.want)
		}
	}
}
