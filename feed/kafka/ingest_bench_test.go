//go:build unix

package kafka

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"tickwire/fanout"
	"tickwire/feed"
)

const (
	ingestPartitions = 8
	ingestTicks      = 1_000_000
	ingestSymbols    = 500
)

// BenchmarkIngest reads a topic of a million ticks, again and again: once with
// a bare kafka-go loop that looks at nothing, once with a Consumer into the
// Book of a fan-out. The broker is another process, so
// a CPU second is one of the client.
func BenchmarkIngest(b *testing.B) {
	addr := os.Getenv("TICKWIRE_KAFKA")
	if addr == "" {
		addr = brokerProcess(b)
	}
	cluster := Cluster{Brokers: []string{addr}}
	topic := fmt.Sprintf("ingest.%d", time.Now().UnixNano())
	if err := cluster.CreateTopic(b.Context(), topic, ingestPartitions, 1, nil); err != nil {
		b.Fatal(err)
	}
	fill(b, cluster, topic)
	var bare, ours time.Duration
	rounds := 0
	for b.Loop() {
		bare += cpuTime(b, func() { readBare(b, cluster, topic) })
		ours += cpuTime(b, func() {
			hub := fanout.New(fanout.Config{Shards: 1})
			defer hub.Close()
			ingest(b, cluster, topic, hub)
		})
		rounds++
	}
	total := float64(rounds * ingestTicks)
	b.ReportMetric(total/ours.Seconds(), "ticks/cpu-s")
	b.ReportMetric(total/bare.Seconds(), "bare/cpu-s")
	b.ReportMetric(100*bare.Seconds()/ours.Seconds(), "%ofbare")
}

// BenchmarkProduce measures the way in: ticks put and acknowledged.
func BenchmarkProduce(b *testing.B) {
	cluster := Cluster{Brokers: []string{brokerProcess(b)}}
	var cpu time.Duration
	rounds := 0
	for b.Loop() {
		cpu += cpuTime(b, func() { fill(b, cluster, "ticks") })
		rounds++
	}
	b.ReportMetric(float64(rounds*ingestTicks)/cpu.Seconds(), "ticks/cpu-s")
	b.ReportMetric(float64(rounds*ingestTicks)/b.Elapsed().Seconds(), "ticks/s")
}

// brokerProcess runs this binary as a broker until the benchmark ends.
func brokerProcess(b *testing.B) string {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", brokerMode, ingestPartitions))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			b.Errorf("broker process: %v", err)
		}
	})
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(addr)
}

func fill(b *testing.B, cluster Cluster, topic string) {
	b.Helper()
	p := mustProducer(b, ProducerConfig{Cluster: cluster, Topic: topic})
	symbols := make([][]byte, ingestSymbols)
	for i := range symbols {
		symbols[i] = fmt.Appendf(nil, "S%03d-USDT", i)
	}
	tick := feed.Tick{
		Time: 1732242000123456, Price: feed.Number("67123.45"), Size: feed.Number("0.0123"), Side: feed.Buy,
		Bid: feed.Number("67123.44"), BidSize: feed.Number("1.2"), Ask: feed.Number("67123.46"), AskSize: feed.Number("0.8"),
	}
	for n := range ingestTicks {
		tick.Symbol = symbols[n%ingestSymbols]
		tick.Time++
		if err := p.Put(context.Background(), &tick); err != nil {
			b.Fatal(err)
		}
	}
	mustFlush(b, p)
	if err := p.Close(); err != nil {
		b.Fatal(err)
	}
}

// cpuTime is the time that this process spends on processors during do.
func cpuTime(b *testing.B, do func()) time.Duration {
	b.Helper()
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := used()
	do()
	return used() - before
}

// readBare reads every partition to its end, as fast as kafka-go can.
func readBare(b *testing.B, cluster Cluster, topic string) {
	places, err := cluster.survey(context.Background(), topic)
	if err != nil {
		b.Fatal(err)
	}
	var loops sync.WaitGroup
	for _, at := range places {
		loops.Go(func() {
			if err := readOneBare(topic, at); err != nil {
				b.Error(err)
			}
		})
	}
	loops.Wait()
}

func readOneBare(topic string, at place) error {
	conn, err := kafka.DialPartition(context.Background(), "tcp", "", kafka.Partition{Topic: topic, ID: int(at.id), Leader: at.leader})
	if err != nil {
		return err
	}
	defer conn.Close()
	buf := make([]byte, valueRoom)
	for next := int64(0); next < at.end; {
		conn.SetDeadline(time.Now().Add(callTimeout))
		batch := conn.ReadBatchWith(kafka.ReadBatchConfig{MinBytes: 1, MaxBytes: 1 << 20, MaxWait: time.Second})
		for err = nil; err == nil; {
			_, err = batch.Read(buf)
		}
		next = batch.Offset()
		if err := batch.Close(); err != nil && !errors.Is(err, kafka.RequestTimedOut) {
			return err
		}
		if !errors.Is(err, io.EOF) && !errors.Is(err, kafka.RequestTimedOut) {
			return err
		}
	}
	return nil
}

// ingest reads the whole topic into a sink with a Consumer.
func ingest(b *testing.B, cluster Cluster, topic string, sink feed.Sink) {
	c, err := NewConsumer(ConsumerConfig{Cluster: cluster, Topic: topic, Sink: sink, Log: quiet})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { c.Run(ctx) })
	until(b, func() string {
		var ticks int64
		for _, p := range c.Progress() {
			ticks += p.Ticks
		}
		if ticks < ingestTicks {
			return fmt.Sprintf("%d ticks of %d", ticks, ingestTicks)
		}
		return ""
	})
	cancel()
	running.Wait()
}
