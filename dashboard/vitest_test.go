package dashboard

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The page's own tests, and its types.
func TestTypeScript(t *testing.T) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		t.Skip("npm is not installed")
	}
	if _, err := os.Stat("node_modules"); err != nil {
		t.Skip("node_modules is missing: go generate ./dashboard installs it")
	}
	readSources(t)
	test := exec.CommandContext(t.Context(), npm, "test")
	test.Env = append(os.Environ(), "NO_COLOR=1")
	if out, err := test.CombinedOutput(); err != nil {
		t.Errorf("npm test: %v\n%s", err, out)
	}
}

// readSources opens everything that npm test depends on. The go command caches
// a result until a file that the test itself opened changes; what npm opens it
// does not see.
func readSources(t *testing.T) {
	t.Helper()
	for _, root := range []string{"src", "example", "index.html", "package-lock.json", "vite.config.ts", "tsconfig.base.json", "../fanout/wire/testdata", "../fanout/gateway/apidoc/schemas.json"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			_, err = os.Stat(path)
			return err
		})
		if err != nil && !os.IsNotExist(err) {
			t.Fatalf("reading the sources of the page: %v", err)
		}
	}
}
