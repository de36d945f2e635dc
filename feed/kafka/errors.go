package kafka

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/segmentio/kafka-go"
)

// What callers can tell apart.
var (
	ErrNoTopic = errors.New("no such topic in Kafka") // from Check, and from a Producer whose topic has gone
	ErrClosed  = errors.New("producer is closed")     // from a Producer after Close
)

// errHungUp is how brokers answer who speaks plain text to TLS, or has a login
// that is wrong.
var errHungUp = errors.New("the broker closed the connection; if it does so always, look at TLS and the login")

// Within a partition's loop.
var (
	errGone    = errors.New("partition does not exist any more")
	errStalled = errors.New("the log grew but nothing arrived")
	errMangled = errors.New("the Kafka library could not read this part of the log")
	errStopped = errors.New("the next record is not taken now")
)

// unreachable reports whether err says that no broker was heard, and another
// one may be.
func unreachable(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, kafka.BrokerNotAvailable)
}

// cause is the part of a network error that a person can act on.
func cause(err error) error {
	var op *net.OpError
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return errHungUp
	case errors.As(err, &op):
		return op.Err
	}
	return err
}

// permanent reports whether sending again cannot help.
func permanent(err error) bool {
	for _, code := range []kafka.Error{
		kafka.MessageSizeTooLarge, kafka.RecordListTooLarge, kafka.InvalidTopic, kafka.InvalidRequiredAcks,
		kafka.TopicAuthorizationFailed, kafka.ClusterAuthorizationFailed, kafka.InvalidTimestamp,
		kafka.UnsupportedSASLMechanism, kafka.SASLAuthenticationFailed, kafka.UnsupportedVersion,
		kafka.UnsupportedForMessageFormat, kafka.UnsupportedCompressionType, kafka.PolicyViolation,
		kafka.InvalidRecord, kafka.InvalidRequest,
	} {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}

func newBackoff() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.Multiplier, b.MaxInterval = 100*time.Millisecond, 2, 5*time.Second
	return b
}

// pause waits for d, or less if ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
