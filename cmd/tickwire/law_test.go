package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// allowed is the import law: what each package may import of this module and
// of the libraries that have one importer. A package that is not named may
// import nothing of ours.
var allowed = map[string][]string{
	"tickwire/cmd/tickwire": {"tickwire/dashboard", "tickwire/fanout", "tickwire/fanout/client", "tickwire/fanout/gateway", "tickwire/fanout/gateway/access", "tickwire/fanout/wire",
		"tickwire/feed", "tickwire/feed/broker", "tickwire/feed/kafka", "tickwire/feed/source", "tickwire/loadtest", "tickwire/loadtest/report"},
	"tickwire/fanout/gateway":        {"tickwire/fanout", "tickwire/fanout/gateway/access", "tickwire/fanout/gateway/apidoc", "tickwire/fanout/gateway/reload", "tickwire/fanout/splice", "tickwire/fanout/wire", "tickwire/feed", "tickwire/feed/history", gws},
	"tickwire/fanout/gateway/access": {"tickwire/fanout/gateway/reload", "tickwire/fanout/wire"},
	"tickwire/fanout/client":         {"tickwire/fanout/wire", "tickwire/feed", gws},
	"tickwire/fanout/client/example": {"tickwire/fanout/client", "tickwire/fanout/wire"},
	"tickwire/fanout":                {"tickwire/fanout/splice", "tickwire/fanout/wire", "tickwire/feed", "tickwire/feed/history"},
	"tickwire/feed/history":          {"tickwire/feed"},
	"tickwire/fanout/wire":           {"tickwire/feed"},
	"tickwire/fanout/splice":         {"tickwire/fanout/splice/internal/huffman"},
	// What trains its code, and runs on a developer's machine alone.
	"tickwire/fanout/splice/train":           {"tickwire/fanout/splice", "tickwire/fanout/splice/internal/huffman", "tickwire/fanout/splice/internal/sample", "tickwire/fanout/wire"},
	"tickwire/fanout/splice/internal/sample": {"tickwire/fanout/wire", "tickwire/feed", "tickwire/feed/source"},
	"tickwire/feed/kafka":                    {"tickwire/feed", kafkaGo},
	"tickwire/feed/broker":                   {kfake},
	"tickwire/feed/source":                   {"tickwire/feed"},
	"tickwire/loadtest":                      {"tickwire/fanout/client", "tickwire/fanout/wire", "tickwire/feed", "tickwire/loadtest/publish", "tickwire/loadtest/report", "tickwire/loadtest/sample", "tickwire/loadtest/swarm", "tickwire/loadtest/verify"},
	"tickwire/loadtest/publish":              {"tickwire/feed", "tickwire/feed/source", "tickwire/loadtest/verify"},
	"tickwire/loadtest/sample":               {"tickwire/loadtest/report"},
	"tickwire/loadtest/swarm":                {"tickwire/fanout/client", "tickwire/fanout/wire", "tickwire/loadtest/verify"},
	"tickwire/loadtest/verify":               {"tickwire/fanout/wire", "tickwire/feed"},
	// For tests alone.
	"tickwire/deploy/kafka": {"tickwire/deploy/needs"},
}

const (
	gws     = "github.com/lxzan/gws"
	kafkaGo = "github.com/segmentio/kafka-go"
	kfake   = "github.com/twmb/franz-go/pkg/kfake"
)

func TestImportsFollowTheLaw(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "tickwire/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := 0
	for d := json.NewDecoder(strings.NewReader(string(out))); ; seen++ {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		for _, i := range p.Imports {
			if law(i) && !slices.Contains(allowed[p.ImportPath], i) {
				t.Errorf("%s may not import %s", p.ImportPath, i)
			}
		}
	}
	if seen < len(allowed) {
		t.Errorf("go list told %d packages, want at least the %d that the law names", seen, len(allowed))
	}
}

// law reports whether an import is under the law.
func law(path string) bool {
	return strings.HasPrefix(path, "tickwire/") || path == gws || path == kafkaGo || path == kfake
}
