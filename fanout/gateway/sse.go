package gateway

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/gzip"

	"tickwire/fanout"
	"tickwire/fanout/gateway/access"
	"tickwire/fanout/wire"
)

// serveEvents answers GET /v1/sse with Server-Sent Events,
// https://html.spec.whatwg.org/multipage/server-sent-events.html: the messages
// of the protocol, one an event. The query says what to subscribe:
//
//	symbols=BTC-USD,ETH-*   names and patterns
//	channel=ticker,trades   default: ticker
//	rate=10                 updates a second of each symbol; default: every change
//	stamps=true             for ticker and trades
//	bytes_per_s=20000       default: no budget
//
// A Last-Event-ID, also one of another node, leaves out what the client has.
func (g *Gateway) serveEvents(w http.ResponseWriter, r *http.Request) {
	c := callerOf(r)
	requests, refusal := c.eventRequests(r.URL.Query())
	if refusal != nil {
		g.metrics.refused.WithLabelValues(string(refusal.Code)).Inc()
		status := http.StatusBadRequest
		if refusal.Code == wire.NotEntitled {
			status = http.StatusForbidden
		}
		answerJSON(w, status, refusal)
		return
	}
	stream := newEventStream(w, c.hub.Policy().Stall, acceptsGzip(r))
	stream.id, stream.grant, stream.remote = connName(rand.Uint64()), c.grant, r.RemoteAddr
	stream.sub = c.hub.NewSubscriber(stream, fanout.Events)
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		if err := stream.sub.ResumeFrom(id); err != nil {
			answerError(w, wire.BadRequest, fmt.Sprintf("Last-Event-ID %.80q: %v; leave it out to begin with a snapshot", id, err))
			return
		}
	}
	if !g.sessions.enter() {
		g.refuse(w, &draining)
		return
	}
	defer g.sessions.Done()
	stream.begin()
	stream.sub.Attach(wire.Marshal(g.hello(c, stream.id)))
	defer stream.watchExpiry(c.grant.Expires)()
	g.sessions.Go(func() {
		for _, one := range requests {
			stream.sub.DoWithin(one.request, one.within)
		}
	})
	stream.run(r)
}

// watchExpiry ends the stream when the token does, and warns before.
func (s *eventStream) watchExpiry(at time.Time) (stop func()) {
	e := &expiry{
		warn: func(in time.Duration) {
			s.sub.Notify(wire.Notice{Type: wire.TypeNotice, Code: wire.NoticeExpires, InMS: in.Milliseconds()})
		},
		end: func() { s.Shut(fanout.Expired) },
	}
	e.set(at)
	return e.stop
}

// eventStream is the outbox of a client of events. It holds the one frame that
// is on its way; the goroutine of its request writes it, and waits for the
// client as long as the policy lets it.
type eventStream struct {
	id       string // its name in hello
	grant    *access.Grant
	remote   string
	w        http.ResponseWriter
	control  *http.ResponseController
	out      io.Writer // w, or gzip on it
	zip      *gzip.Writer
	stall    time.Duration
	sub      *fanout.Subscriber
	progress atomic.Int64 // Unix nanoseconds

	frames chan []byte // room for the one on its way
	shut   chan struct{}
	once   sync.Once
	why    fanout.Reason // once shut is closed
}

func newEventStream(w http.ResponseWriter, stall time.Duration, zipped bool) *eventStream {
	s := &eventStream{w: w, control: http.NewResponseController(w), stall: stall, frames: make(chan []byte, 1), shut: make(chan struct{})}
	s.out = progressing{s}
	if zipped {
		// Stateless: nothing is kept for a client between two events.
		s.zip, _ = gzip.NewWriterLevel(progressing{s}, gzip.StatelessCompression) // fails on other levels
		s.out = s.zip
	}
	return s
}

// acceptsGzip reports whether the client takes gzip, RFC 9110 section 12.5.3.
func acceptsGzip(r *http.Request) bool {
	for _, line := range r.Header.Values("Accept-Encoding") {
		for one := range strings.SplitSeq(line, ",") {
			coding, weight, _ := strings.Cut(one, ";")
			if name := strings.TrimSpace(coding); !strings.EqualFold(name, "gzip") && name != "*" {
				continue
			}
			q, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(weight), "q="), 64)
			return weight == "" || err == nil && q > 0
		}
	}
	return false
}

// leastRetry is how long a client waits at the least before it comes again.
const leastRetry = time.Second

// begin sends the header, and how long the client is to wait when it is cut off:
// not as long as the others, or all would come at once.
func (s *eventStream) begin() {
	header := s.w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("Vary", "Accept-Encoding")
	header.Set("X-Accel-Buffering", "no") // a proxy in front must not collect events
	if s.zip != nil {
		header.Set("Content-Encoding", "gzip")
	}
	s.w.WriteHeader(http.StatusOK)
	s.control.SetReadDeadline(time.Time{}) // a client that only listens is well
	retry := leastRetry + rand.N(2*leastRetry)
	s.write(fmt.Appendf(nil, "retry: %d\n\n", retry.Milliseconds()))
}

// run writes frames until the client goes or is shut.
func (s *eventStream) run(r *http.Request) {
	for {
		select {
		case frame := <-s.frames:
			if err := s.write(frame); errors.Is(err, os.ErrDeadlineExceeded) {
				s.leave(fanout.Slow)
				return
			} else if err != nil {
				s.leave(fanout.ClientLeft)
				return
			}
			s.sub.Writable()
		case <-s.shut:
			s.sayWhy()
			s.leave(s.why)
			return
		case <-r.Context().Done():
			s.leave(fanout.ClientLeft)
			return
		}
	}
}

// leave ends the subscriber, for a reason unless it has one already.
func (s *eventStream) leave(why fanout.Reason) {
	s.once.Do(func() { close(s.shut) })
	s.sub.Detach(why)
	if s.zip != nil {
		s.zip.Close()
	}
}

// sayWhy is what a close frame is to a WebSocket.
func (s *eventStream) sayWhy() {
	last := wire.Error{Type: wire.TypeError, Code: wire.Code(s.why.String()), Message: fmt.Sprintf("%d %s", s.why.Code(), s.why.Text()), Retry: s.why.Retry()}
	s.write(fmt.Appendf(nil, "data: %s\n\n", wire.Marshal(last)))
}

func (s *eventStream) write(frame []byte) error {
	s.progress.Store(time.Now().UnixNano())
	if _, err := s.out.Write(frame); err != nil {
		return err
	}
	if s.zip != nil {
		if err := s.zip.Flush(); err != nil {
			return err
		}
	}
	err := s.control.Flush()
	s.control.SetWriteDeadline(time.Time{}) // HTTP/2 would end an idle stream by it
	return err
}

// progressing writes to the client in pieces, each of which is a sign of life.
type progressing struct{ *eventStream }

func (p progressing) Write(b []byte) (n int, err error) {
	const piece = 4 << 10
	for n < len(b) && err == nil {
		select {
		case <-p.shut:
			p.control.SetWriteDeadline(time.Now().Add(farewell))
		default:
			p.control.SetWriteDeadline(time.Now().Add(p.stall))
		}
		var k int
		k, err = p.w.Write(b[n:min(n+piece, len(b))])
		n += k
		p.progress.Store(time.Now().UnixNano())
	}
	return n, err
}

// TryFrame: see fanout.Outbox. It takes a copy, and the client is blocked until
// that is written.
func (s *eventStream) TryFrame(frame []byte) fanout.Outcome {
	select {
	case <-s.shut:
		return fanout.Gone
	default:
		s.progress.Store(time.Now().UnixNano())
		s.frames <- slices.Clone(frame)
		return fanout.Blocked
	}
}

// Progress: see fanout.Outbox.
func (s *eventStream) Progress() time.Time { return time.Unix(0, s.progress.Load()) }

// Shut: see fanout.Outbox.
func (s *eventStream) Shut(why fanout.Reason) {
	s.once.Do(func() {
		s.why = why
		close(s.shut)
		s.control.SetWriteDeadline(time.Now().Add(farewell)) // for a write that waits
	})
}
