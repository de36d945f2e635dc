package kafka

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"testing"

	"go.uber.org/goleak"

	"tickwire/feed/broker"
)

// brokerMode makes the test binary an embedded broker in a process of its own,
// so that the benchmark measures the client's CPU time alone.
const brokerMode = "TICKWIRE_TEST_BROKER_PARTITIONS"

func TestMain(m *testing.M) {
	if os.Getenv(brokerMode) != "" {
		os.Exit(serveBroker())
	}
	goleak.VerifyTestMain(m)
}

// serveBroker prints the address and runs until standard input ends.
func serveBroker() int {
	var partitions int
	fmt.Sscan(os.Getenv(brokerMode), &partitions)
	b, err := broker.Start(context.Background(), broker.Config{
		Topics: []broker.Topic{{Name: "ticks", Partitions: partitions, RetentionBytes: 1 << 30}},
		Log:    slog.New(slog.DiscardHandler),
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(b.Addr())
	io.Copy(io.Discard, os.Stdin)
	if err := b.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
