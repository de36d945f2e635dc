package client

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync/atomic"
	"time"
)

// Client is one subscriber. Make it with New, then Run it.
type Client struct {
	config   Config
	url      *url.URL
	running  atomic.Bool
	counters counters
	requests atomic.Uint64 // ids given
	ledger   *ledger
	states   states // of Run

	// turn is held by who changes what is wanted, and while the server is
	// asked: one request at a time, so that the server and this client agree.
	turn    chan struct{}
	wanted  wanted                  // held by turn
	session atomic.Pointer[session] // to ask; nil: not connected
}

// New makes a client, or says what is wrong with the config. It does not dial.
func New(config Config) (*Client, error) {
	u, err := parseURL(config.URL)
	if err != nil {
		return nil, err
	}
	c := &Client{config: config.withDefaults(), url: u, ledger: newLedger(), states: newStates(), turn: make(chan struct{}, 1)}
	for _, s := range config.Subscriptions {
		if err := s.check(); err != nil {
			return nil, fmt.Errorf("subscription: %w", err)
		}
		c.wanted.add(s.lane(), s.Symbols)
	}
	if err := checkBudget(config.BytesPerS); err != nil {
		return nil, err
	}
	c.wanted.spend(config.BytesPerS)
	return c, nil
}

// Run connects and delivers until ctx ends; then it closes with code 1000 and
// returns nil. Whatever ends the connection, it comes again, but for three
// cases in which that is of no use; the error is then a *CloseError with a code
// of 4500 to 4599, a *HandshakeError with a status under 500, neither 408 nor
// 429, or a *VersionError. A 401 is no such case when Token gave a token that
// was good once: the next one may be good too. It returns when all that it started has ended, and
// may then be called again.
func (c *Client) Run(ctx context.Context) error {
	if !c.running.CompareAndSwap(false, true) {
		return errors.New("the client runs already")
	}
	defer c.running.Store(false)
	retry := newRetry(c.config.Backoff)
	retry.renews = c.config.Token != nil
	for ctx.Err() == nil {
		c.config.OnState(State{Phase: Connecting})
		lasted, err := c.connect(ctx)
		if ctx.Err() != nil {
			break
		}
		wait, ok := retry.after(err, lasted)
		if !ok {
			return fmt.Errorf("it is no use to connect again: %w", err)
		}
		c.config.OnState(State{Phase: Waiting, Err: err, Wait: wait})
		sleep(ctx, wait)
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// connect makes one connection and stays with it to its end. It returns how
// long that was from hello on, and why it ended.
func (c *Client) connect(ctx context.Context) (time.Duration, error) {
	token, err := c.token(ctx)
	if err != nil {
		return 0, err
	}
	socket, err := c.dial(ctx)
	if err != nil {
		return 0, err
	}
	defer socket.linger()
	s := newSession(c, socket)
	giveUp := onEnd(ctx, func() { socket.leave(); socket.Close() })
	conn, err := c.shake(socket, s, token)
	giveUp()
	if err != nil {
		return 0, err
	}
	leave := onEnd(ctx, func() { socket.leave(); conn.WriteClose(closeNormal, nil) })
	conn.ReadLoop() // calls s
	leave()
	return s.end()
}

// onEnd does what when ctx ends. Who calls the stop that it returns can be
// sure that it is not done after, nor under way.
func onEnd(ctx context.Context, what func()) (stop func()) {
	done := make(chan struct{})
	unhook := context.AfterFunc(ctx, func() {
		defer close(done)
		what()
	})
	return func() {
		if !unhook() {
			<-done
		}
	}
}
