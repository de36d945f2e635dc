// Package broker is a Kafka broker inside the process, for the demo and for
// tests.
//
//	Start ── listens on loopback ── kfake ── segment files in a directory
//	Close ── ends it, and removes what it made
//
// It is one node without replication, with every record on disk and a
// retention that is applied every second, so that it can run for days. A
// broker that is started again on the same directory has the same records and
// goes on with the same offsets. It speaks the Kafka protocol to any client
// on this machine; for anything more use a real Kafka.
package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"

	"github.com/twmb/franz-go/pkg/kfake"
)

// Config says what Start starts.
type Config struct {
	// Addr is the host and port to listen on. The host must be this machine's
	// loopback; port 0 picks a free one.
	// Default: "127.0.0.1:0"
	Addr string

	// Dir is the directory of the records. It is made when it is missing, and
	// it stays. Empty: a new one in the system's temporary directory, which
	// Close removes.
	Dir string

	// Topics exist when Start returns. On a directory that has them already
	// their settings are changed to these, and partitions are added, never
	// taken away.
	Topics []Topic

	// Log gets the broker's own warnings.
	// Default: slog.Default()
	Log *slog.Logger
}

func (c *Config) validate() error {
	if err := validateLoopback(c.Addr); err != nil {
		return err
	}
	for i := range c.Topics {
		if err := c.Topics[i].validate(); err != nil {
			return err
		}
	}
	return nil
}

func validateLoopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("address %q is not HOST:PORT: %w", addr, err)
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("address %q is not loopback: the embedded broker has no access control; use 127.0.0.1, or a real Kafka", addr)
}

// Broker is a running broker. Close ends it.
type Broker struct {
	cluster  *kfake.Cluster
	listener *listener
	lock     *dirLock
	dir      string
	scratch  bool // dir is ours to remove
}

// Start starts a broker. ctx bounds the start alone, not the broker's life.
func Start(ctx context.Context, cfg Config) (*Broker, error) {
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	b, err := start(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("embedded broker: %w", err)
	}
	return b, nil
}

func start(ctx context.Context, cfg Config) (_ *Broker, err error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	b := &Broker{dir: cfg.Dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Close())
		}
	}()
	if err := b.openDir(); err != nil {
		return nil, err
	}
	if err := b.serve(cfg); err != nil {
		return nil, err
	}
	return b, settle(ctx, b.Addr(), cfg.Topics)
}

// openDir makes the directory sure and takes it for this broker alone: two
// brokers on one directory would destroy each other's segments.
func (b *Broker) openDir() (err error) {
	if b.dir == "" {
		if b.dir, err = os.MkdirTemp("", "tickwire-broker-"); err != nil {
			return err
		}
		b.scratch = true
	}
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		return err
	}
	b.lock, err = lockDir(b.dir)
	return err
}

func (b *Broker) serve(cfg Config) (err error) {
	if b.listener, err = listen(cfg.Addr); err != nil {
		return fmt.Errorf("%w; choose another port, or 0", err)
	}
	b.cluster, err = kfake.NewCluster(
		kfake.NumBrokers(1),
		kfake.DataDir(b.dir),
		kfake.ListenFn(func(string, string) (net.Listener, error) { return b.listener, nil }),
		kfake.WithLogger(journal{cfg.Log}),
		// The cleaner applies retention. Left alone it sleeps for an hour.
		kfake.BrokerConfigs(map[string]string{"log.cleaner.backoff.ms": "1000"}),
	)
	return err
}

// Addr is the host and port that clients connect to.
func (b *Broker) Addr() string { return b.listener.Addr().String() }

// Dir is the directory of the records.
func (b *Broker) Dir() string { return b.dir }

// Close writes the state to disk, ends every connection and goroutine, and
// removes the directory if Start made it. A second Close does nothing.
func (b *Broker) Close() error {
	if b.cluster != nil {
		b.cluster.Close()
		b.cluster = nil
	}
	if b.listener != nil {
		b.listener.Close()
		b.listener.wait()
	}
	err := b.lock.release()
	b.lock = nil
	if b.scratch {
		b.scratch = false
		err = errors.Join(err, os.RemoveAll(b.dir))
	}
	return err
}

// journal passes the broker's warnings to slog.
type journal struct{ log *slog.Logger }

func (j journal) Logf(level kfake.LogLevel, format string, args ...any) {
	switch level {
	case kfake.LogLevelError:
		j.log.Error("embedded broker: " + fmt.Sprintf(format, args...))
	case kfake.LogLevelWarn:
		j.log.Warn("embedded broker: " + fmt.Sprintf(format, args...))
	}
}
