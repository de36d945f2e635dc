package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"tickwire/deploy/needs"
)

// websockets is the Python library, and the version that the tests speak to.
const websockets = "websockets==17.4"

// python is a Python that has websockets. The first call on a machine makes it,
// in the user's cache.
func python(t *testing.T) string {
	t.Helper()
	path, err := findPython()
	needs.Have(t, "python", err)
	return path
}

var findPython = sync.OnceValues(func() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	base, err := exec.LookPath("python3")
	if err != nil {
		return "", errors.New("no python3: install it")
	}
	home := filepath.Join(cache, "tickwire", strings.ReplaceAll(websockets, "==", "-"))
	made := filepath.Join(home, "bin", "python")
	if runtime.GOOS == "windows" {
		made = filepath.Join(home, "Scripts", "python.exe")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if exec.CommandContext(ctx, made, "-c", "import websockets").Run() == nil {
		return made, nil
	}
	for _, args := range [][]string{
		{base, "-m", "venv", "--clear", home},
		{made, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:", websockets},
	} {
		if said, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("%s: %w: %s", strings.Join(args[1:], " "), err, said)
		}
	}
	return made, nil
})
