package loadtest

import (
	"context"
	"fmt"
	"time"

	"tickwire/fanout/client"
	"tickwire/loadtest/report"
	"tickwire/loadtest/sample"
)

const (
	clockPings = 16
	clockTime  = 10 * time.Second
)

// compareClocks says what the clocks do to a latency. It is from the time on a
// tick, by the publisher's clock, to its receipt, by ours; in a passive run the
// publisher is somebody else.
func (s *run) compareClocks(ctx context.Context) (*report.Clock, error) {
	c := &report.Clock{}
	if s.plan.here() {
		c.Note = "the server is on this machine: one clock; "
	} else {
		pings, err := s.ping(ctx)
		if err != nil {
			return nil, err
		}
		offset, uncertainty, _ := sample.Offset(pings)
		c.OffsetUS, c.UncertaintyUS = offset, uncertainty
	}
	if s.plan.Publish != nil {
		c.Note += "latencies are by this machine's clock alone"
	} else {
		c.Note += "latencies are from the times on the ticks, by the clock of who published them: as much as it is off, so are they"
	}
	return c, nil
}

// ping asks the server for its time.
func (s *run) ping(ctx context.Context) (pings []sample.Ping, err error) {
	ctx, cancel := context.WithTimeout(ctx, clockTime)
	defer cancel()
	connected := make(chan struct{}, 1)
	c, err := client.New(client.Config{URL: s.plan.URL, TLS: s.plan.TLS, Token: s.plan.Token, OnState: func(state client.State) {
		if state.Phase == client.Connected {
			select {
			case connected <- struct{}{}:
			default:
			}
		}
	}})
	if err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	select {
	case <-connected:
	case err := <-ended:
		return nil, fmt.Errorf("the server's time cannot be asked for: %w", err)
	case <-ctx.Done():
	}
	for range clockPings {
		sent := time.Now()
		server, err := c.Time(ctx)
		if err != nil {
			break
		}
		pings = append(pings, sample.Ping{Sent: sent.UnixMicro(), Server: server, Received: time.Now().UnixMicro()})
	}
	cancel()
	<-ended
	if len(pings) == 0 {
		return nil, fmt.Errorf("the server did not tell its time within %v", clockTime)
	}
	return pings, nil
}
