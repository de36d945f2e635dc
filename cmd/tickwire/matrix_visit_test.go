package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"tickwire/fanout/wire"
)

// task is what a client does on its connection: it sends the opening and then,
// until the server closes, has rounds of talk: some pings of the protocol, each
// when the one before is answered, and a change of the watchlist. All the while
// it sends ping frames, each a little after the pong of the one before.
type task struct {
	Name      string         `json:"name"`
	URL       string         `json:"url"`
	Page      string         `json:"page"` // where a browser's script lives
	Protocols []string       `json:"protocols"`
	Options   map[string]any `json:"options"`
	Opening   []string       `json:"opening"`
	Churn     []string       `json:"churn"`
	Talk      int            `json:"talk"`
	RestMS    int            `json:"rest_ms"` // after a round: long enough for a heartbeat
	PingMS    int            `json:"ping_ms"`
}

func newTask(g guest, url, page string) task {
	t := task{Name: g.name, URL: url, Page: page, Options: g.options, Protocols: []string{},
		Churn: churn, Talk: 8, RestMS: int(matrixHeartbeat.Milliseconds()), PingMS: 3}
	if g.named {
		t.Protocols = append(t.Protocols, wire.Subprotocol)
	}
	// Symbols that are not there make the request long enough for any client
	// to compress it.
	long := append([]string(nil), steady...)
	for i := range 150 {
		long = append(long, fmt.Sprintf("NOT-THERE-%d", i))
	}
	all := slices.Concat(steady, churn)
	for i, r := range []wire.Request{
		{Channel: wire.Trades, Symbols: all}, {Channel: wire.Bars1s, Symbols: all}, {Channel: wire.Ticker, Symbols: long}, {Channel: wire.Ticker, Symbols: churn},
	} {
		r.Op, r.ID = wire.OpSubscribe, wire.ID(fmt.Sprint(i+1))
		t.Opening = append(t.Opening, string(wire.Marshal(r)))
	}
	return t
}

// connection is what a visit needs of a library.
type connection interface {
	write(text []byte) error
	// ping sends a ping frame. n is its payload in digits, which is how coder
	// numbers its own.
	ping(n int) error
	// read hands over what comes, one at a time, until the connection has
	// ended; it returns the code of the server's close frame.
	read() (code int, err error)
	close()
}

// arrivals are what a connection hands over.
type arrivals struct{ text, pong func([]byte) }

// agreement is what a library says that the handshake came to.
type agreement struct{ protocol, extensions string }

func agreementOf(protocol string, answer *http.Response) agreement {
	return agreement{protocol, answer.Header.Get("Sec-WebSocket-Extensions")}
}

type dialer func(ctx context.Context, task task, to arrivals) (connection, agreement, error)

// visitInGo carries out a task in the background and sends the report.
func visitInGo(t *testing.T, dial dialer, task task, reports chan<- account) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	running.Go(func() { reports <- visit(ctx, dial, task) })
	t.Cleanup(func() { cancel(); running.Wait() })
}

func visit(ctx context.Context, dial dialer, task task) account {
	l := newLedger(task.Name)
	answers, pongs, over := make(chan int), make(chan string), make(chan struct{})
	conn, agreed, err := dial(ctx, task, arrivals{
		text: func(text []byte) {
			if id := l.take(text); id >= firstTalk {
				tell(ctx, answers, id)
			}
		},
		pong: func(payload []byte) { tell(ctx, pongs, string(payload)) },
	})
	if err != nil {
		l.fault("dial: %v", err)
		return l.close()
	}
	defer conn.close()
	stop := context.AfterFunc(ctx, conn.close)
	defer stop()

	talker, pinger := &speaker{over: over}, &speaker{over: over}
	var speaking sync.WaitGroup
	speaking.Go(func() { talker.talk(conn, task, answers) })
	speaking.Go(func() { pinger.ping(conn, task, pongs) })
	l.report.Code, err = conn.read()
	close(over)
	speaking.Wait()
	if err != nil {
		l.fault("read: %v", err)
	}
	l.report.Faults = slices.Concat(l.report.Faults, talker.faults, pinger.faults)
	l.report.Protocol, l.report.Extensions = agreed.protocol, agreed.extensions
	l.report.Answers, l.report.Pings, l.report.Pongs = talker.answered, pinger.said, pinger.answered
	return l.close()
}

// tell hands an answer to the speaker that waits for it.
func tell[A any](ctx context.Context, answers chan<- A, answer A) {
	select {
	case answers <- answer:
	case <-ctx.Done(): // nobody asked
	}
}

// firstTalk is the id of the first request after the opening.
const firstTalk = 100

// speaker says one thing after the other, each when the one before has been
// answered.
type speaker struct {
	over           <-chan struct{} // closed when the connection has ended
	said, answered int
	faults         []string
}

func (s *speaker) talk(conn connection, task task, answers <-chan int) {
	for _, text := range task.Opening {
		conn.write([]byte(text)) // that it failed is the reader's to tell
	}
	for {
		for range task.Talk {
			if !s.ask(conn, wire.Request{Op: wire.OpPing}, answers) {
				return
			}
		}
		for _, op := range []string{wire.OpUnsubscribe, wire.OpSubscribe} {
			if !s.ask(conn, wire.Request{Op: op, Channel: wire.Ticker, Symbols: task.Churn}, answers) || !s.wait(task.RestMS) {
				return
			}
		}
	}
}

// ask sends a request and reports whether its answer came.
func (s *speaker) ask(conn connection, r wire.Request, answers <-chan int) bool {
	id := firstTalk + s.said
	r.ID = json.RawMessage(fmt.Sprint(id))
	s.said++
	conn.write(wire.Marshal(r))
	got, ok := hear(s, answers)
	if ok && got != id {
		s.faults = append(s.faults, fmt.Sprintf("answer to %d, want %d", got, id))
	}
	return ok
}

func (s *speaker) ping(conn connection, task task, pongs <-chan string) {
	for {
		s.said++
		conn.ping(s.said) // that it failed is the reader's to tell
		got, ok := hear(s, pongs)
		if ok && got != strconv.Itoa(s.said) {
			s.faults = append(s.faults, fmt.Sprintf("pong %q, want %d", got, s.said))
		}
		if !ok || !s.wait(task.PingMS) {
			return
		}
	}
}

// hear waits for an answer, or reports false when the connection has ended.
func hear[A any](s *speaker, answers <-chan A) (answer A, ok bool) {
	select {
	case answer = <-answers:
		s.answered++
		return answer, true
	case <-s.over:
		return answer, false
	}
}

func (s *speaker) wait(ms int) bool {
	select {
	case <-time.After(time.Duration(ms) * time.Millisecond):
		return true
	case <-s.over:
		return false
	}
}
