package kafkatest

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(orphanVariable) != "" {
		startAndWaitToBeKilled()
	}
	goleak.VerifyTestMain(m)
}

// request asks the server one thing on a connection of its own.
// Only versions without tagged fields fit here: their response has nothing between its number and its body.
func request(tb testing.TB, addr string, req kmsg.Request) kmsg.Response {
	tb.Helper()
	conn, err := net.DialTimeout("tcp", addr, 2*time.Minute)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		tb.Fatal(err)
	}
	if _, err := conn.Write(kmsg.NewRequestFormatter().AppendRequest(nil, req, 1)); err != nil {
		tb.Fatal(err)
	}
	var head struct{ Size, Number int32 }
	if err := binary.Read(conn, binary.BigEndian, &head); err != nil {
		tb.Fatal(err)
	}
	body := make([]byte, head.Size-4)
	if _, err := io.ReadFull(conn, body); err != nil {
		tb.Fatal(err)
	}
	resp := req.ResponseKind()
	if err := resp.ReadFrom(body); err != nil {
		tb.Fatal(err)
	}
	return resp
}

// createTopic returns Kafka's verdict.
func createTopic(tb testing.TB, addr, name string) error {
	tb.Helper()
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = name, 8, 1
	req := kmsg.NewPtrCreateTopicsRequest()
	req.Version, req.TimeoutMillis = 4, 10_000
	req.Topics = append(req.Topics, topic)
	resp := request(tb, addr, req).(*kmsg.CreateTopicsResponse)
	if len(resp.Topics) != 1 {
		tb.Fatalf("topics in the response: got %d, want 1", len(resp.Topics))
	}
	return kerr.ErrorForCode(resp.Topics[0].ErrorCode)
}

// The steps share one server and build on each other.
func TestServerLivesThroughARestartAndLeavesNothing(t *testing.T) {
	s := MustStart(t)

	versions := request(t, s.Addr(), kmsg.NewPtrApiVersionsRequest()).(*kmsg.ApiVersionsResponse)
	if err := kerr.ErrorForCode(versions.ErrorCode); err != nil || len(versions.ApiKeys) == 0 {
		t.Errorf("ApiVersions: got error %v and %d keys, want none and some", err, len(versions.ApiKeys))
	}
	if err := createTopic(t, s.Addr(), "ticks"); err != nil {
		t.Fatalf("create a topic: got %v, want none", err)
	}

	addr, first := s.Addr(), s.process.cmd.Process.Pid
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if alive(first) {
		t.Errorf("process %d of before the restart is still there", first)
	}
	if s.Addr() != addr {
		t.Errorf("address after a restart: got %s, want %s", s.Addr(), addr)
	}
	if err := createTopic(t, s.Addr(), "ticks"); !errors.Is(err, kerr.TopicAlreadyExists) {
		t.Errorf("create the topic again after a restart: got %v, want %v", err, kerr.TopicAlreadyExists)
	}

	second := s.process.cmd.Process.Pid
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if alive(second) {
		t.Errorf("process %d is still there after Close", second)
	}
	if !free(s.Port()) {
		t.Errorf("port %d is still taken after Close", s.Port())
	}
	if _, err := os.Stat(s.home); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the temporary folder after Close: got %v, want that it does not exist", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("close twice: got %v, want none", err)
	}
}

func TestStartThatCannotWorkSaysWhyInOneLine(t *testing.T) {
	Require(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the caller gave up"))

	tests := []struct {
		name string
		ctx  context.Context
		cfg  Config
		want string
	}{
		{"the port is in use", t.Context(), Config{Port: port}, "port " + strconv.Itoa(port) + " is in use"},
		{"the port is no port", t.Context(), Config{Port: 70000}, "70000 is not a port"},
		{"the folder is a file", t.Context(), Config{Dir: file}, "not a directory"},
		{"the caller does not wait", over, Config{}, "the caller gave up"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			s, err := Start(test.ctx, test.cfg)
			if err == nil {
				_ = s.Close()
				t.Fatalf("got a server, want an error with %q", test.want)
			}
			if !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error: got %q, want one line with %q", err, test.want)
			}
			if left, _ := os.ReadDir(os.TempDir()); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestReasonFindsTheLineThatMatters(t *testing.T) {
	tests := []struct{ name, log, want string }{
		{"the script speaks last", "kafka: fetching\nkafka: port 1 is in use\n", "port 1 is in use"},
		{"an exception stands before its trace", "a WARN\nx.KafkaException: no\n\tat y\nlast\n", "x.KafkaException: no"},
		{"Java ends without an exception", "a WARN\nout of memory\n", "out of memory"},
		{"nothing was said", "\n", "it ended without a word"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := reason([]byte(test.log)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
