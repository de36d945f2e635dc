package kafkatest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tickwire/deploy/needs"
)

const fetchLimit = 5 * time.Minute

// Available says why this machine cannot run a Kafka, for example that it has no Java 17; nil when it can.
// The first call on a machine fetches Kafka's jars (44 MB) into the user's cache.
func Available() error { return available() }

var available = sync.OnceValue(func() error {
	home, err := os.MkdirTemp("", "tickwire-kafka-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(home)
	script, err := unpack(home)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), fetchLimit)
	defer cancel()
	return fetchJars(ctx, script)
})

func fetchJars(ctx context.Context, script string) error {
	cmd := exec.CommandContext(ctx, "bash", script, "jars")
	cmd.WaitDelay = time.Second // a Maven that outlives the script holds its output open
	said, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return fmt.Errorf("fetch kafka's jars: %w", ctx.Err())
	}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return errors.New(reason(said))
	}
	return err
}

// Require skips the test when this machine cannot run a Kafka, with the reason, or
// fails it: see needs.Have.
func Require(tb testing.TB) {
	tb.Helper()
	needs.Have(tb, "kafka", Available())
}

// MustStart is Require and Start for one test: the server ends with the test. Its log is shown when the test fails.
func MustStart(tb testing.TB) *Server {
	tb.Helper()
	Require(tb)
	s, err := Start(tb.Context(), Config{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("the end of kafka's log:\n%s", tail(s.log(), 40))
		}
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func tail(text []byte, lines int) string {
	all := slices.Collect(strings.Lines(string(text)))
	return strings.Join(all[max(0, len(all)-lines):], "")
}
