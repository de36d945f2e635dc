package swarm

import (
	"context"
	"crypto/tls"
	"strings"
	"sync"
	"testing"
	"time"

	"tickwire/fanout"
	"tickwire/fanout/client"
	"tickwire/fanout/gateway"
	"tickwire/fanout/wire"
	"tickwire/loadtest/verify"
)

func TestEveryMemberEndsWithAllThatWasPublished(t *testing.T) {
	server, trust := identity()
	for _, tc := range []struct {
		scenario    string
		tls, trust  *tls.Config
		compression bool
		channel     string
	}{
		{scenario: "plain frames"},
		{scenario: "compressed frames", compression: true},
		{scenario: "TLS", tls: server, trust: trust, compression: true},
		{scenario: "trades", compression: true, channel: wire.Trades},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			m := openMarket(t, 40, gateway.Config{TLS: tc.tls}, fanout.Config{Shards: 2})
			s := m.swarm(Config{TLS: tc.trust, Compression: tc.compression, Channel: tc.channel, Share: 0.1})
			grow(t, s, Steady, 20, m.five)
			grow(t, s, Full, 2, m.five)
			grow(t, s, Slow, 2, m.five)
			stop := m.run()
			until(t, "there are many updates", func() bool {
				all := s.Stats()
				return all[Steady].Ledger.Updates > 5000 && all[Full].Ledger.Updates > 100
			})
			stop()
			settled(t, s)
			clean(t, s)
			steady := s.Stats()[Steady]
			if steady.Open != 20 || steady.Members != 20 || steady.Connections != 20 || steady.Failed != 0 || len(steady.Evicted) != 0 {
				t.Errorf("steady: got %+v, want 20 open and none failed", steady)
			}
			if steady.Connect.Count != 20 || steady.Bytes == 0 || steady.Ledger.Decoded == 0 {
				t.Errorf("steady: got %+v, want its times, bytes and decoded messages", steady)
			}
			if tc.channel != wire.Trades && steady.Snapshot.Count != 20 {
				t.Errorf("got %d first snapshots, want 20", steady.Snapshot.Count)
			}
			if reach := steady.Ledger.Reach(); reach != 1 {
				t.Errorf("reach: got %v, want 1", reach)
			}
		})
	}
}

func TestOneMemberOfEverythingIsToldOfEverySymbol(t *testing.T) {
	m := openMarket(t, 3000, gateway.Config{}, fanout.Config{Shards: 2})
	s := m.swarm(Config{Compression: true})
	grow(t, s, Steady, 2, nil)
	m.round()
	settled(t, s)
	clean(t, s)
	if got := s.Stats()[Steady].Ledger.Snapshots; got != 6000 {
		t.Errorf("got %d values of snapshots, want 6000", got)
	}
}

func TestAVisitTakesOneSnapshotAndLeaves(t *testing.T) {
	m := openMarket(t, 20, gateway.Config{}, fanout.Config{Shards: 2})
	s := m.swarm(Config{})
	ctx, cancel := context.WithCancel(t.Context())
	var churn sync.WaitGroup
	churn.Go(func() { s.Churn(ctx, 200, m.five) })
	until(t, "there were many visits", func() bool { return s.Stats()[Churn].Visits >= 50 })
	cancel()
	churn.Wait()
	until(t, "all have left", func() bool { return s.Stats()[Churn].Members == 0 && m.hub.Stats().Subscribers == 0 })
	clean(t, s)
	got := s.Stats()[Churn]
	if got.Failed != 0 || got.Connecting+got.Open+got.Waiting != 0 || got.Visits != got.Connections || got.Snapshot.Count != int64(got.Visits) {
		t.Errorf("got %+v, want as many visits as connections and snapshots, and nobody there", got)
	}
}

// soon is when members come again in tests.
var soon = client.Backoff{Min: 50 * time.Millisecond}

func TestAMemberThatDoesNotReadIsEvictedAndComesAgain(t *testing.T) {
	// The steady ones read, but a busy machine may not let them for a while.
	m := openNarrow(t, 200, fanout.Config{Shards: 2, Policy: fanout.Policy{Stall: 5 * time.Second}})
	s := m.swarm(Config{Backoff: soon})
	grow(t, s, Stalled, 3, nil)
	grow(t, s, Steady, 3, m.five)
	stop := m.run()
	until(t, "they were evicted and have come again", func() bool {
		stalled := s.Stats()[Stalled]
		return stalled.Reconnects >= 3
	})
	stop()
	gone := uint64(0)
	for _, n := range s.Stats()[Stalled].Evicted {
		gone += n
	}
	if got := s.Stats()[Stalled]; gone < 3 || got.Failed != 0 {
		t.Errorf("got %+v, want at least 3 evicted and none failed", got)
	}
	if n := s.Stats()[Steady].Reconnects; n != 0 {
		t.Errorf("steady members had to come again %d times, want 0", n)
	}
	settled(t, s)
	clean(t, s)
}

func TestASlowMemberReadsNoFasterThanItMay(t *testing.T) {
	m := openNarrow(t, 200, fanout.Config{Shards: 2})
	s := m.swarm(Config{SlowRate: 64 << 10})
	grow(t, s, Slow, 1, nil)
	begin, before := time.Now(), s.Stats()[Slow].Bytes
	stop := m.run()
	until(t, "it has read much, and not all", func() bool {
		slow := s.Stats()[Slow]
		return slow.Bytes-before > 100<<10 && slow.Ledger.Conflated > 0
	})
	stop()
	got := s.Stats()[Slow]
	// The last turn is paid for after it, and a turn is a sixteenth of a second.
	if most := time.Since(begin).Seconds()*(64<<10) + 2*(64<<10)/16 + 4096; float64(got.Bytes-before) > most {
		t.Errorf("got %d bytes in %v, want at most %.0f", got.Bytes-before, time.Since(begin), most)
	}
	clean(t, s)
}

func TestAFlappingMemberGoesOnWhereItWas(t *testing.T) {
	m := openMarket(t, 20, gateway.Config{}, fanout.Config{Shards: 2})
	s := m.swarm(Config{FlapEvery: 50 * time.Millisecond, Backoff: soon})
	grow(t, s, Flap, 3, m.five)
	stop := m.run()
	until(t, "they have come again often", func() bool { return s.Stats()[Flap].Reconnects >= 20 })
	stop()
	settled(t, s)
	clean(t, s)
	got := s.Stats()[Flap]
	if got.Cuts < 20 || got.Failed != 0 || got.Open != 3 {
		t.Errorf("got %+v, want at least 20 cuts, no failure and 3 open", got)
	}
}

func TestMembersComeAgainToARestartedServer(t *testing.T) {
	m := openMarket(t, 20, gateway.Config{}, fanout.Config{Shards: 2})
	s := m.swarm(Config{Backoff: soon})
	grow(t, s, Steady, 10, m.five)
	m.stop()
	until(t, "all have lost it", func() bool { return s.Stats()[Steady].Open == 0 })
	address := strings.TrimSuffix(strings.TrimPrefix(m.url, "ws://"), "/v1/ws")
	m.serve(address, gateway.Config{Node: "another"}, fanout.Config{Shards: 2})
	until(t, "all are back", func() bool { return s.Stats()[Steady].Open == 10 })
	settled(t, s)
	clean(t, s)
	got := s.Stats()[Steady]
	if got.Reconnects != 10 || got.Evicted["1001 the server ends"] != 10 {
		t.Errorf("got %+v, want 10 reconnects and 10 closed with 1001", got)
	}
}

func TestShrinkAndGrow(t *testing.T) {
	m := openMarket(t, 20, gateway.Config{}, fanout.Config{Shards: 2})
	s := m.swarm(Config{})
	for _, name := range []Cohort{Steady, Stalled, Full} {
		grow(t, s, name, 5, m.five)
		if err := s.Shrink(t.Context(), name, 2, 0); err != nil {
			t.Fatal(err)
		}
		until(t, "three have left", func() bool { return s.Stats()[name].Open == 2 && s.Stats()[name].Members == 2 })
		grow(t, s, name, 4, m.five)
		until(t, "two have come", func() bool { return s.Stats()[name].Open == 4 })
		if got := s.Stats()[name]; got.Failed != 0 || len(got.Evicted) != 0 {
			t.Errorf("%s: got %+v, want no failure", name, got)
		}
	}
	until(t, "the server has seen it", func() bool { return m.hub.Stats().Subscribers == 12 })
}

// counter counts samples.
type counter struct {
	mu    sync.Mutex
	n     map[Cohort]int
	early int
	hops  int
}

type counted struct {
	*counter
	cohort Cohort
}

func (c counted) Sample(planned, _, _, received int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n[c.cohort]++
	if received < planned-1e6 || received > time.Now().UnixMicro() {
		c.early++
	}
}

func (c *counter) Hop(planned, _, node, sent, received int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if sent >= node && received >= sent-1000 && planned > 0 {
		c.hops++
	}
}

func TestSamplersGetTheLatenciesOfTheirCohort(t *testing.T) {
	m := openMarket(t, 20, gateway.Config{}, fanout.Config{Shards: 2})
	c := &counter{n: map[Cohort]int{}}
	s := m.swarm(Config{Hops: c, Sampler: func(name Cohort) verify.Sampler { return counted{c, name} }})
	grow(t, s, Steady, 4, m.five)
	grow(t, s, Full, 1, m.five)
	for range 10 {
		m.round()
		time.Sleep(5 * time.Millisecond) // so that not all is conflated
	}
	settled(t, s)
	all := s.Stats()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range []Cohort{Steady, Full} {
		if got, want := c.n[name], all[name].Ledger.Updates; got == 0 || uint64(got) != want {
			t.Errorf("%s: got %d samples, want one for each of %d updates", name, got, want)
		}
	}
	if c.early > 0 || uint64(c.hops) != all[Full].Ledger.Updates {
		t.Errorf("got %d samples out of this world and %d hops of %d updates", c.early, c.hops, all[Full].Ledger.Updates)
	}
}

func TestAllCohortsTogetherAreToldTheTruth(t *testing.T) {
	m := openNarrow(t, 100, fanout.Config{Shards: 2})
	s := m.swarm(Config{Compression: true, Share: 0.01, FlapEvery: 200 * time.Millisecond, Backoff: soon})
	ctx, cancel := context.WithCancel(t.Context())
	var churn sync.WaitGroup
	churn.Go(func() { s.Churn(ctx, 50, m.five) })
	stop := m.run()
	for name, members := range map[Cohort]int{Steady: 100, Stalled: 5, Slow: 5, Flap: 3, Full: 2} {
		grow(t, s, name, members, m.five)
	}
	until(t, "much has happened", func() bool {
		all := s.Stats()
		return all[Steady].Ledger.Updates > 5000 && all[Flap].Reconnects > 5 && all[Churn].Visits > 20 && all[Slow].Ledger.Updates > 100
	})
	cancel()
	churn.Wait()
	stop()
	settled(t, s)
	clean(t, s)
	for name, stats := range s.Stats() {
		if stats.Failed != 0 {
			t.Errorf("%s: got failures %v, want none", name, stats.Failures)
		}
	}
}
