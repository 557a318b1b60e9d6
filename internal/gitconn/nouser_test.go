package gitconn

import (
	"fmt"
	"os"
	"testing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/giturl"
	"github.com/vxlite/vxlite/internal/openssh"
	"github.com/vxlite/vxlite/internal/testkit"
)

// TestNoUser has one without a name, who is told how to name one.
func TestNoUser(t *testing.T) {
	env := testkit.Vars{}.Env
	p := newSSHPool(env, config.Git{Patience: config.Patience{}.OrDefault()}, config.Limits{}.OrDefault(), nil)
	p.cfg = openssh.Config{} // of somebody without a name
	_, err := p.session(t.Context(), "git-upload-pack", giturl.Remote{Scheme: "ssh", Host: "git.corp", Port: "2222", Path: "/lib"})
	testkit.WantError(t, err, fmt.Sprintf("ssh git.corp: no user to log in as: the URL names none, and the local user, %d, has no name", os.Getuid()),
		"if the server's user is git, the URL has to name it:\n  url = \"ssh://git@git.corp:2222/PATH\"")
}
