package migrate

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

// TestMigrate migrates a file of every generation: the outcome is TOML to any
// reader, means the same, which Migrate sees to itself, and is in today's form.
func TestMigrate(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "testdata", "velox", "*.toml"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS == "windows" && bytes.Contains(data, []byte(`"/usr/`)) {
			continue // is no absolute path there
		}
		out, _, err := Config(file, data, "/dir")
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		var tree map[string]any
		if err := toml.Unmarshal(out, &tree); err != nil {
			t.Errorf("%s: %v\n%s", file, err, out)
		}
		again, _, err := Config(file, out, "/dir")
		if err != nil || string(again) != string(out) {
			t.Errorf("%s: migrated twice: %v\n%s", file, err, again)
		}
		for _, old := range []string{"velox", "target_platform", "github_token"} {
			if _, ok := tree[old]; ok {
				t.Errorf("%s: %s is there still\n%s", file, old, out)
			}
		}
	}
}
