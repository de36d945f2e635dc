// Package kafkatest runs a real Apache Kafka for tests, from the same script that a person uses.
//
//	test --> Server --> bash kafka run --exec--> java (one KRaft node on 127.0.0.1)
//
// The script and its pom.xml are embedded, so that a test of any package can start a server from anywhere.
// Nothing here speaks to the server: a test does that with the client it is about.
package kafkatest

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

//go:embed kafka pom.xml
var files embed.FS

const (
	startLimit = 3 * time.Minute // the first start on a machine fetches the jars
	startPoll  = 50 * time.Millisecond
	patience   = 10 * time.Second // from SIGTERM to SIGKILL
)

// ready is what Kafka logs when clients may come.
var ready = []byte("Kafka Server started")

// Config says where a Server lives. The zero value is a fresh server on a free port.
type Config struct {
	// Port is where clients connect; the next port is the node's own. Default: a free pair.
	Port int
	// Dir holds topics, settings and log. The caller owns it, and a Server started on it again has its topics.
	// Default: a temporary folder, removed by Close.
	Dir string
}

// Server is one Apache Kafka node. One goroutine at a time may use it, Addr and Port apart.
type Server struct {
	port   int
	home   string // temporary: the unpacked script, and the data when the caller named no folder
	dir    string
	script string

	process *process // nil when stopped
}

// Start starts a server and waits until it answers. ctx bounds the start alone; Close ends the server.
// On Linux it also ends with the calling process, however that one ends.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	home, err := os.MkdirTemp("", "tickwire-kafka-")
	if err != nil {
		return nil, fmt.Errorf("start kafka: %w", err)
	}
	s := &Server{port: cfg.Port, home: home, dir: cfg.Dir}
	if err := s.settle(); err != nil {
		return nil, errors.Join(fmt.Errorf("start kafka: %w", err), os.RemoveAll(home))
	}
	if err := s.Restart(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(home))
	}
	return s, nil
}

// settle finds the folders and the port that the server keeps for all its lives.
func (s *Server) settle() (err error) {
	if s.script, err = unpack(s.home); err != nil {
		return err
	}
	if s.dir == "" {
		s.dir = filepath.Join(s.home, "data")
	}
	if s.dir, err = filepath.Abs(s.dir); err != nil {
		return err
	}
	if s.port == 0 {
		s.port, err = freePair()
	}
	return err
}

// unpack lays the script and its pom beside each other in dir.
func unpack(dir string) (script string, err error) {
	return filepath.Join(dir, "kafka"), os.CopyFS(dir, files)
}

// Addr is where clients connect, as host:port. It stays the same over a Restart.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// Port is the port of Addr.
func (s *Server) Port() int { return s.port }

// Restart stops the server, if it is up, and starts it on the same port and data. ctx bounds the start.
func (s *Server) Restart(ctx context.Context) error {
	if err := s.Stop(); err != nil {
		return err
	}
	p, err := s.start(ctx)
	if err != nil {
		return fmt.Errorf("start kafka on %s: %w", s.Addr(), err)
	}
	s.process = p
	return nil
}

// Stop ends the server and keeps its data, for a later Restart. A stopped server is fine.
// The error is that the server had to be killed.
func (s *Server) Stop() error {
	if s.process == nil {
		return nil
	}
	err := s.process.stop(patience)
	s.process = nil
	if err != nil {
		return fmt.Errorf("stop kafka on %s: %w", s.Addr(), err)
	}
	return nil
}

// Close stops the server and removes what Start made. It may be called twice.
func (s *Server) Close() error {
	return errors.Join(s.Stop(), os.RemoveAll(s.home))
}

func (s *Server) start(ctx context.Context) (*process, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, startLimit, fmt.Errorf("it did not answer within %v", startLimit))
	defer cancel()
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return nil, err
	}
	log, err := os.Create(s.logFile()) // anew for each life: an old line must not look like an answer
	if err != nil {
		return nil, err
	}
	defer log.Close()

	cmd := exec.Command("bash", s.script, "run", "--port", strconv.Itoa(s.port), "--data", s.dir)
	cmd.Stdout, cmd.Stderr = log, log
	p, err := launch(cmd)
	if err != nil {
		return nil, err
	}
	if err := s.await(ctx, p); err != nil {
		return nil, errors.Join(err, p.stop(patience))
	}
	return p, nil
}

func (s *Server) await(ctx context.Context, p *process) error {
	tick := time.NewTicker(startPoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-p.done:
			return errors.New(reason(s.log()))
		case <-tick.C:
			if bytes.Contains(s.log(), ready) {
				return nil
			}
		}
	}
}

func (s *Server) logFile() string { return filepath.Join(s.dir, "kafka.log") }

// log is what the server has said in its present life.
func (s *Server) log() []byte {
	text, err := os.ReadFile(s.logFile())
	if err != nil {
		return []byte(err.Error())
	}
	return text
}

// reason finds the line that tells a person why the server ended: the script's own, else Java's first exception.
func reason(log []byte) string {
	log = bytes.TrimSpace(log)
	if len(log) == 0 {
		return "it ended without a word"
	}
	lines := bytes.Split(log, []byte("\n"))
	for _, line := range lines {
		if bytes.Contains(line, []byte("Exception: ")) {
			return string(line)
		}
	}
	return string(bytes.TrimPrefix(lines[len(lines)-1], []byte("kafka: ")))
}

// freePair finds a port that is free together with the next one. It looks below the ports that systems give to outgoing
// connections: while the server restarts, a client that dials in vain must not be given the server's own port.
func freePair() (int, error) {
	const first, count, tries = 20000, 12000, 100
	for range tries {
		port := first + rand.IntN(count)
		if free(port) && free(port+1) {
			return port, nil
		}
	}
	return 0, fmt.Errorf("no free pair of ports from %d to %d in %d tries", first, first+count, tries)
}

func free(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return l.Close() == nil
}
