package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

func TestCheckSaysWhatIsWrongInOneLine(t *testing.T) {
	at := embedded(t)
	topic := at.topic(t, 1, nil)
	for _, tc := range []struct {
		scenario string
		brokers  []string
		topic    string
		want     string // in the message; empty: no error
		is       error
	}{
		{scenario: "all is well", brokers: []string{at.addr}, topic: topic},
		{scenario: "the second broker answers", brokers: []string{"127.0.0.1:1", at.addr}, topic: topic},
		{scenario: "nobody listens", brokers: []string{"127.0.0.1:1"}, topic: topic, want: "cannot reach Kafka at 127.0.0.1:1: connect: connection refused; "},
		{scenario: "no such topic", brokers: []string{at.addr}, topic: "other", want: `no such topic in Kafka: "other"; `, is: ErrNoTopic},
		{scenario: "no port", brokers: []string{"localhost"}, topic: topic, want: `"localhost" is not HOST:PORT`},
		{scenario: "no broker", topic: topic, want: "no Kafka broker"},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			c := Cluster{Brokers: tc.brokers}
			err := c.Check(context.Background(), tc.topic)
			if tc.want == "" {
				if err != nil {
					t.Errorf("got %v, want nil", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line with %q", err, tc.want)
			}
			if tc.is != nil && !errors.Is(err, tc.is) {
				t.Errorf("got %v, want %v", err, tc.is)
			}
		})
	}
}

func TestConfigsAreChecked(t *testing.T) {
	cluster := Cluster{Brokers: []string{"localhost:9092"}}
	sink := newCollector(t)
	for _, tc := range []struct {
		scenario string
		make     func() error
	}{
		{"consumer without a topic", func() error { _, err := NewConsumer(ConsumerConfig{Cluster: cluster, Sink: sink}); return err }},
		{"consumer without a sink", func() error { _, err := NewConsumer(ConsumerConfig{Cluster: cluster, Topic: "t"}); return err }},
		{"consumer without a broker", func() error { _, err := NewConsumer(ConsumerConfig{Topic: "t", Sink: sink}); return err }},
		{"consumer with a huge MaxBytes", func() error {
			_, err := NewConsumer(ConsumerConfig{Cluster: cluster, Topic: "t", Sink: sink, MaxBytes: 1 << 30})
			return err
		}},
		{"consumer with a negative offset", func() error {
			_, err := NewConsumer(ConsumerConfig{Cluster: cluster, Topic: "t", Sink: sink, Start: Offsets(map[int32]int64{0: -1})})
			return err
		}},
		{"consumer with a negative delay", func() error {
			_, err := NewConsumer(ConsumerConfig{Cluster: cluster, Topic: "t", Sink: sink, Delay: -time.Second})
			return err
		}},
		{"consumer with a negative number of replays", func() error {
			_, err := NewConsumer(ConsumerConfig{Cluster: cluster, Topic: "t", Sink: sink, Replays: -1})
			return err
		}},
		{"producer without a topic", func() error { _, err := NewProducer(ProducerConfig{Cluster: cluster}); return err }},
		{"producer with a tiny batch", func() error {
			_, err := NewProducer(ProducerConfig{Cluster: cluster, Topic: "t", BatchBytes: 100})
			return err
		}},
		{"unknown compression", func() error { return new(Compression).UnmarshalText([]byte("brotli")) }},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			if err := tc.make(); err == nil {
				t.Error("got nil, want an error")
			}
		})
	}
}

// fakeCluster is for what the embedded broker does not have: more than one
// node, TLS, users.
func fakeCluster(t *testing.T, opts ...kfake.Opt) (*kfake.Cluster, string) {
	noLeak(t)
	c, err := kfake.NewCluster(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, c.ListenAddrs()[0]
}

func TestConsumerAndProducerFollowTheLeader(t *testing.T) {
	fake, addr := fakeCluster(t, kfake.NumBrokers(3), kfake.SeedTopics(1, "ticks"))
	cluster := Cluster{Brokers: []string{addr}}
	sink := newCollector(t)
	mustConsume(t, ConsumerConfig{Cluster: cluster, Topic: "ticks", Sink: sink})
	p := mustProducer(t, ProducerConfig{Cluster: cluster, Topic: "ticks"})
	for round := range 6 {
		if err := fake.MoveTopicPartition("ticks", 0, int32(round%3)); err != nil {
			t.Fatal(err)
		}
		mustPut(t, p, "A", 1+100*round, 1+100*(round+1))
		mustFlush(t, p)
		sink.awaitCount(t, 100*(round+1))
	}
	if got := sink.numbers("A"); !slices.Equal(got, span(1, 601)) {
		t.Errorf("got %v, want 1 to 600", got)
	}
}

func TestTLSAndLogin(t *testing.T) {
	server := httptest.NewTLSServer(nil) // for its certificate alone
	server.Close()
	_, addr := fakeCluster(t, kfake.NumBrokers(1), kfake.SeedTopics(2, "ticks"), kfake.TLS(server.TLS),
		kfake.EnableSASL(), kfake.Superuser("PLAIN", "ann", "secret"))
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	cluster := Cluster{Brokers: []string{addr}, TLS: &tls.Config{RootCAs: roots}, Login: &Login{User: "ann", Password: "secret"}}

	sink := newCollector(t)
	mustConsume(t, ConsumerConfig{Cluster: cluster, Topic: "ticks", Sink: sink})
	p := mustProducer(t, ProducerConfig{Cluster: cluster, Topic: "ticks"})
	mustPut(t, p, "A", 1, 11)
	mustFlush(t, p)
	sink.awaitCount(t, 10)

	for _, tc := range []struct {
		scenario string
		change   func(*Cluster)
	}{
		{"a wrong password", func(c *Cluster) { c.Login = &Login{User: "ann", Password: "wrong"} }},
		{"no login", func(c *Cluster) { c.Login = nil }},
		{"a certificate that nobody signed", func(c *Cluster) { c.TLS = nil; c.TLS = &tls.Config{RootCAs: x509.NewCertPool()} }},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			other := cluster
			tc.change(&other)
			err := other.Check(context.Background(), "ticks")
			if err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want an error without the password", err)
			}
			t.Log(fmt.Sprint(err))
		})
	}
}
