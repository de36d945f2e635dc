package gateway

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tickwire/fanout"
	"tickwire/fanout/wire"
)

func TestDrain(t *testing.T) {
	t.Parallel()
	const over, many = 5 * time.Second, 40 // the server is asked what it says while it lasts
	s := serve(t, Config{Drain: over}, fanout.Policy{})
	s.trade("A", 0, "1")
	peers := make([]*peer, many)
	for i := range peers {
		peers[i] = dial(t, s.addr)
		peers[i].text(`{"op":"subscribe","channel":"ticker","symbols":["A"]}`)
		message[wire.Data](peers[i])
	}
	deaf := dialPeer(t, s.addr, false) // is sent away all the same
	message[wire.Hello](deaf)
	start := time.Now()
	stopped := make(chan time.Duration)
	go func() { s.stop(); stopped <- time.Since(start) }()
	until(t, "the server drains", s.draining.Load)

	if w := asked(s.Admin(), "/readyz"); w.Code != 503 || !strings.Contains(w.Body.String(), "draining") {
		t.Errorf("/readyz: got %d %q, want 503 that says draining", w.Code, w.Body)
	}
	answer, body := connect(t, s.addr).shake("/v1/ws")
	isRefusal(t, answer, body, http.StatusServiceUnavailable, wire.Unavailable)
	if got := s.turnedAwayFor(whyDraining); got != 1 {
		t.Errorf("counted: got %v, want 1", got)
	}

	told := make(map[int64]int)
	for i, p := range peers {
		n := message[wire.Notice](p)
		if n.Code != wire.NoticeDrain || n.InMS < 0 || n.InMS >= over.Milliseconds() {
			t.Errorf("client %d: got %+v, want a notice of the drain", i, n)
		}
		told[n.InMS]++
	}
	if len(told) < many/2 {
		t.Errorf("%d clients were told %d different times", many, len(told))
	}
	for i, p := range peers {
		if code := p.closeCode(); code != wire.CloseRestart {
			t.Errorf("client %d: got %d, want %d", i, code, wire.CloseRestart)
		}
	}
	took := <-stopped
	if got := s.hub.Stats().Ended[fanout.Drained]; got != many+1 {
		t.Errorf("counted: got %d drained, want %d", got, many+1)
	}
	t.Logf("it took %v", took)
}

func TestValuesGoOnUntilAClientsTimeHasCome(t *testing.T) {
	t.Parallel()
	s := serve(t, Config{Drain: 6 * time.Second}, fanout.Policy{})
	s.trade("A", 0, "1")
	peers := make([]*peer, 8)
	for i := range peers {
		peers[i] = dial(t, s.addr)
		peers[i].text(`{"op":"subscribe","channel":"ticker","symbols":["A"]}`)
		message[wire.Data](peers[i])
	}
	go s.stop()
	var last *peer
	longest := int64(-1)
	for _, p := range peers {
		if n := message[wire.Notice](p); n.InMS > longest {
			last, longest = p, n.InMS
		}
	}
	for offset := int64(1); offset <= 3; offset++ {
		s.trade("A", offset, "2")
		if u := message[wire.Data](last).Data[0]; u.Seq != offset {
			t.Errorf("got %+v, want seq %d", u, offset)
		}
	}
}
