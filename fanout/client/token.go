package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"tickwire/fanout/wire"
)

// noticeExpires is the code of a notice that the connection's token will soon
// be good no more.
const noticeExpires = "expires"

// token asks for the token to show; "" is none.
func (c *Client) token(ctx context.Context) (string, error) {
	if c.config.Token == nil {
		return "", nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.config.Handshake)
	defer cancel()
	token, err := c.config.Token(ctx)
	if err != nil {
		return "", fmt.Errorf("no token: %w", err)
	}
	if strings.IndexFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) >= 0 {
		return "", errors.New("the token has a space or a character that is not ASCII: a header cannot hold it")
	}
	return token, nil
}

// show puts a token into the header of a handshake.
func show(header http.Header, token string) {
	if token != "" {
		header.Set("Authorization", "Bearer "+token) // RFC 6750 section 2.1
	}
}

// conceal takes a token out of what somebody else wrote.
func conceal(text, token string) string {
	if token == "" {
		return text
	}
	return strings.ReplaceAll(text, token, "(token)")
}

// renew shows the server a fresh token on the live connection. It is a
// goroutine of the session beside the reader, one at a time. Where there is no
// token it asks again, until the session is over.
func (s *session) renew() {
	defer s.renewing.Store(false)
	waits := newRetry(s.client.config.Backoff).waits
	token, err := s.client.token(s.over)
	for err != nil && s.over.Err() == nil {
		s.hand(err)
		sleep(s.over, waits.NextBackOff())
		token, err = s.client.token(s.over)
	}
	if err != nil || token == "" {
		return
	}
	release, err := s.client.await(s.over)
	if err != nil {
		return
	}
	defer release()
	s.insist(wire.Request{Op: wire.OpAuth, Token: token})
}

// hand gives a fault to the reader, which is the one to call OnFault. Of
// several before its next message it tells the first.
func (s *session) hand(fault error) {
	select {
	case s.faults <- fault:
	default:
	}
}

// handed tells what was handed over.
func (s *session) handed() {
	select {
	case fault := <-s.faults:
		s.client.config.OnFault(fault)
	default:
	}
}
