package broker

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func mustStart(t *testing.T, cfg Config) *Broker {
	t.Helper()
	cfg.Log = slog.New(slog.DiscardHandler)
	b, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func mustClient(t *testing.T, addr string, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	c, err := kgo.NewClient(append(opts, kgo.SeedBrokers(addr))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// write appends n records of about a kilobyte to partition 0, batch by batch.
func write(t *testing.T, addr, topic string, n int) {
	t.Helper()
	c := mustClient(t, addr, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(kgo.NoCompression()))
	defer c.Close()
	for range n {
		r := &kgo.Record{Topic: topic, Value: []byte(strings.Repeat("x", 1000))}
		if err := c.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

// offsets reads partition 0 from an offset until it has the record at last.
func offsets(t *testing.T, addr, topic string, from, last int64) (got []int64) {
	t.Helper()
	c := mustClient(t, addr, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().At(from)}}))
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for len(got) == 0 || got[len(got)-1] < last {
		fetches := c.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("after %d records: %v", len(got), err)
		}
		fetches.EachRecord(func(r *kgo.Record) { got = append(got, r.Offset) })
	}
	return got
}

// segmentBytes is what the records take on disk.
func segmentBytes(t *testing.T, dir string) (n int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".dat" {
			return nil // the cleaner removes files while this walks
		}
		if info, err := d.Info(); err == nil {
			n += info.Size()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

const patience = 2 * time.Minute // for anything to happen; only a failure takes that long

func until(t *testing.T, reason func() string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for why := reason(); why != ""; why = reason() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", why)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Half a megabyte goes through a partition that may keep a fifth of it, and
// again through one that found the topic on disk and may keep half as much.
func TestRetentionBoundsTheDiskAndReadersBehindItCarryOn(t *testing.T) {
	const segment, each = 10_000, 500
	dir := t.TempDir()
	for round, keep := range []int64{100_000, 50_000} {
		b := mustStart(t, Config{Dir: dir, Topics: []Topic{{Name: "ticks", Partitions: 1, RetentionBytes: keep, SegmentBytes: segment}}})
		write(t, b.Addr(), "ticks", each)
		until(t, func() string {
			bound := keep + 2*(segment+1100) // a segment ends behind the record that fills it
			if got := segmentBytes(t, dir); got > bound {
				return fmt.Sprintf("round %d: %d bytes on disk, want at most %d", round, got, bound)
			}
			return ""
		})
		last := int64((round+1)*each - 1)
		got := offsets(t, b.Addr(), "ticks", 0, last)
		if want := int(keep) / 1100; len(got) < want || got[0] == 0 {
			t.Errorf("round %d: read %d records from offset %d; want at least %d, not from 0", round, len(got), got[0], want)
		}
		for i, offset := range got {
			if offset != got[0]+int64(i) {
				t.Fatalf("round %d: offset %d after %d", round, offset, got[i-1])
			}
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRestartKeepsRecordsAndGoesOnWithOffsets(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), Topics: []Topic{{Name: "ticks", Partitions: 1}}}
	for round := range 3 {
		b := mustStart(t, cfg)
		cfg.Addr = b.Addr() // the same port each time
		write(t, b.Addr(), "ticks", 5)
		last := int64(5*round + 4)
		if got := offsets(t, b.Addr(), "ticks", 0, last); len(got) != 5*(round+1) {
			t.Errorf("round %d: got %d records, want %d", round, len(got), 5*(round+1))
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRestartAddsPartitionsAndTakesNoneAway(t *testing.T) {
	cfg := Config{Dir: t.TempDir()}
	for _, step := range []struct{ ask, want int }{{0, 8}, {3, 8}, {12, 12}} {
		cfg.Topics = []Topic{{Name: "ticks", Partitions: step.ask}}
		b := mustStart(t, cfg)
		req := kmsg.NewPtrMetadataRequest()
		topic := kmsg.NewMetadataRequestTopic()
		topic.Topic = kmsg.StringPtr("ticks")
		req.Topics = append(req.Topics, topic)
		meta, err := req.RequestWith(t.Context(), mustClient(t, b.Addr()))
		if err != nil {
			t.Fatal(err)
		}
		if got := len(meta.Topics[0].Partitions); got != step.want {
			t.Errorf("asked for %d: got %d partitions, want %d", step.ask, got, step.want)
		}
		b.Close()
	}
}

func TestTemporaryDirectoryIsRemovedAndAGivenOneStays(t *testing.T) {
	given := t.TempDir()
	for _, tc := range []struct {
		scenario, dir string
		stays         bool
	}{{"temporary", "", false}, {"given", given, true}, {"given and missing", filepath.Join(given, "new", "one"), true}} {
		t.Run(tc.scenario, func(t *testing.T) {
			b := mustStart(t, Config{Dir: tc.dir, Topics: []Topic{{Name: "ticks"}}})
			if _, err := os.Stat(b.Dir()); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := b.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			}
			if _, err := os.Stat(b.Dir()); os.IsNotExist(err) == tc.stays {
				t.Errorf("directory after Close: %v; want it to stay: %v", err, tc.stays)
			}
		})
	}
}

func TestStartRefusesWithOneClearLine(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	busy := mustStart(t, Config{Dir: t.TempDir()})
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		scenario string
		cfg      Config
		want     string
	}{
		{"a port in use", Config{Addr: taken.Addr().String()}, "address already in use; choose another port"},
		{"an address that others can reach", Config{Addr: "0.0.0.0:0"}, "not loopback"},
		{"no port", Config{Addr: "127.0.0.1"}, "not HOST:PORT"},
		{"a directory in use", Config{Dir: busy.Dir()}, "in use by another broker"},
		{"a file instead of a directory", Config{Dir: file}, "not a directory"},
		{"a topic without a name", Config{Topics: []Topic{{}}}, "without a name"},
		{"a topic with an impossible name", Config{Topics: []Topic{{Name: "a b"}}}, `topic "a b"`},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			b, err := Start(t.Context(), tc.cfg)
			if err == nil {
				b.Close()
				t.Fatal("got a broker, want an error")
			}
			if !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %q, want one line with %q", err, tc.want)
			}
		})
	}
}

func TestCloseEndsClientsThatWait(t *testing.T) {
	b := mustStart(t, Config{Topics: []Topic{{Name: "ticks", Partitions: 1}}})
	write(t, b.Addr(), "ticks", 1)
	c := mustClient(t, b.Addr(), kgo.ConsumeTopics("ticks"), kgo.FetchMaxWait(time.Minute))
	if got := c.PollFetches(t.Context()).NumRecords(); got != 1 {
		t.Fatalf("records: got %d, want 1", got)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}
