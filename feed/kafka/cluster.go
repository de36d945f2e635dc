package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
)

const (
	clientID    = "tickwire"
	dialTimeout = 5 * time.Second
	callTimeout = 10 * time.Second // one request and its answer
)

// Cluster says where Kafka is and how to get in.
type Cluster struct {
	// Brokers are HOST:PORT of some brokers; the others are found through
	// them. Required.
	Brokers []string

	// TLS encrypts the connections. A missing ServerName is filled in from
	// the address.
	// Default: nil, plain TCP
	TLS *tls.Config

	// Login is who this is, by SASL PLAIN. The password is sent as it is, so
	// use TLS with it.
	// Default: nil, no login
	Login *Login

	dial dialFunc // for tests
}

// Login is a user of the brokers.
type Login struct {
	User     string
	Password string
}

func (l *Login) mechanism() sasl.Mechanism {
	if l == nil {
		return nil
	}
	return plain.Mechanism{Username: l.User, Password: l.Password}
}

// Validate reports the first thing that is wrong with c, or nil.
func (c *Cluster) Validate() error {
	if len(c.Brokers) == 0 {
		return errors.New("no Kafka broker is given")
	}
	for _, b := range c.Brokers {
		if host, port, err := net.SplitHostPort(b); err != nil || host == "" || port == "" {
			return fmt.Errorf("broker %q is not HOST:PORT", b)
		}
	}
	return nil
}

// Check reports with one clear line whether the topic can be worked with now:
// nil, an unreachable Kafka, or ErrNoTopic.
func (c *Cluster) Check(ctx context.Context, topic string) error {
	if err := c.Validate(); err != nil {
		return err
	}
	_, err := c.survey(ctx, topic)
	return err
}

// dialer makes the connections of the partition loops.
func (c *Cluster) dialer() *kafka.Dialer {
	return &kafka.Dialer{
		ClientID:      clientID,
		Timeout:       dialTimeout,
		TLS:           c.TLS,
		SASLMechanism: c.Login.mechanism(),
		DialFunc: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := c.connect(ctx, network, address)
			return buffer(conn), err
		},
	}
}

func (c *Cluster) connect(ctx context.Context, network, address string) (net.Conn, error) {
	if c.dial != nil {
		return c.dial(ctx, network, address)
	}
	return (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, network, address)
}

// ask calls do with a client for each broker until one answers. The client is
// new: one that lives long answers metadata from its memory, also when the
// cluster is gone.
func (c *Cluster) ask(ctx context.Context, topic string, do func(*kafka.Client) error) error {
	var first error
	for _, broker := range c.Brokers {
		err := c.askOne(ctx, broker, topic, do)
		if !unreachable(err) || ctx.Err() != nil {
			return err
		}
		if first == nil {
			first = fmt.Errorf("cannot reach Kafka at %s: %w; check the address, and that it is running", strings.Join(c.Brokers, ","), cause(err))
		}
	}
	return first
}

func (c *Cluster) askOne(ctx context.Context, broker, topic string, do func(*kafka.Client) error) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	t := c.transport(ctx, topic)
	defer t.end()
	return do(&kafka.Client{Addr: kafka.TCP(broker), Timeout: callTimeout, Transport: t})
}

// place is a partition as the cluster tells it.
type place struct {
	id     int32
	leader kafka.Broker
	end    int64 // high-water mark, or -1 when its leader did not say
}

// survey asks for the partitions of the topic, in the order of their ids.
func (c *Cluster) survey(ctx context.Context, topic string) ([]place, error) {
	var places []place
	err := c.ask(ctx, topic, func(client *kafka.Client) (err error) {
		if places, err = locate(ctx, client, topic); err != nil {
			return err
		}
		measure(ctx, client, topic, places)
		return nil
	})
	return places, err
}

func locate(ctx context.Context, client *kafka.Client, topic string) ([]place, error) {
	res, err := client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
	if err != nil {
		return nil, err
	}
	t := res.Topics[0]
	if errors.Is(t.Error, kafka.UnknownTopicOrPartition) || t.Error == nil && len(t.Partitions) == 0 {
		return nil, fmt.Errorf("%w: %q; create it, or name another", ErrNoTopic, topic)
	}
	if t.Error != nil {
		return nil, fmt.Errorf("topic %q: %w", topic, t.Error)
	}
	places := make([]place, len(t.Partitions))
	for i, p := range t.Partitions {
		places[i] = place{id: int32(p.ID), leader: p.Leader, end: -1}
	}
	slices.SortFunc(places, func(a, b place) int { return int(a.id - b.id) })
	return places, nil
}

// measure fills in the ends. A partition without a leader stays unknown.
func measure(ctx context.Context, client *kafka.Client, topic string, places []place) {
	index := make(map[int]*place, len(places))
	var ends []kafka.OffsetRequest
	for i, p := range places {
		if p.leader.Host != "" {
			index[int(p.id)] = &places[i]
			ends = append(ends, kafka.LastOffsetOf(int(p.id)))
		}
	}
	if len(ends) == 0 {
		return
	}
	res, err := client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: ends}})
	if err != nil {
		return // a second opinion; where the partitions are is what matters
	}
	for _, p := range res.Topics[topic] {
		if at := index[p.Partition]; at != nil && p.Error == nil {
			at.end = p.LastOffset
		}
	}
}
