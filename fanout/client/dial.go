package client

import (
	"compress/flate"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/lxzan/gws"

	"tickwire/fanout/wire"
)

// dial makes the connection and its socket, TLS included. The WebSocket
// handshake is next, and bounded by the socket's silence.
func (c *Client) dial(ctx context.Context) (*socket, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.Handshake)
	defer cancel()
	conn, err := c.config.Dial(ctx, "tcp", c.address())
	if err != nil {
		return nil, err
	}
	if c.url.Scheme == "wss" {
		// Before gws does it: its handshake could not be given up half-way.
		secure := tls.Client(conn, c.tls())
		if err := secure.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, fmt.Errorf("TLS with %s: %w", c.url.Host, err)
		}
		conn = secure
	}
	s := &socket{Conn: conn, received: &c.counters.bytes}
	s.allow(c.config.Handshake)
	return s, nil
}

func (c *Client) address() string {
	if port := c.url.Port(); port != "" {
		return net.JoinHostPort(c.url.Hostname(), port)
	}
	if c.url.Scheme == "wss" {
		return net.JoinHostPort(c.url.Hostname(), "443")
	}
	return net.JoinHostPort(c.url.Hostname(), "80")
}

func (c *Client) tls() *tls.Config {
	config := c.config.TLS.Clone()
	if config == nil {
		config = new(tls.Config)
	}
	if config.ServerName == "" {
		config.ServerName = c.url.Hostname()
	}
	return config
}

// shake makes a WebSocket of the socket. It is the caller's to close in any
// case.
func (c *Client) shake(socket *socket, events gws.Event, token string) (*gws.Conn, error) {
	header := c.config.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set("Sec-WebSocket-Protocol", wire.Subprotocol)
	show(header, token)
	conn, response, err := gws.NewClientFromConn(events, &gws.ClientOption{
		Addr:               c.url.String(),
		RequestHeader:      header,
		HandshakeTimeout:   c.config.Handshake + 2*patience, // the socket's own deadlines come first
		ReadMaxPayloadSize: c.config.ReadLimit,
		CheckUtf8Enabled:   true,
		PermessageDeflate: gws.PermessageDeflate{
			Enabled:   !c.config.NoCompression,
			Threshold: 1 << 30,           // requests go out plain
			Level:     flate.HuffmanOnly, // so the least memory for a compressor is best
		},
	}, socket)
	switch {
	case err == nil:
		return conn, nil
	case errors.Is(err, gws.ErrSubprotocolNegotiation):
		return nil, &VersionError{}
	case response != nil && response.StatusCode != http.StatusSwitchingProtocols:
		refused := refusal(response)
		refused.Text = conceal(refused.Text, token)
		return nil, refused
	}
	return nil, fmt.Errorf("WebSocket handshake: %w", err)
}

// refusal is made of an answer that is not the one to a handshake.
func refusal(r *http.Response) *HandshakeError {
	e := &HandshakeError{Status: r.StatusCode}
	text, _ := io.ReadAll(io.LimitReader(r.Body, 1<<10)) // as much of it as came
	var said wire.Error
	switch kind := r.Header.Get("Content-Type"); {
	case strings.HasPrefix(kind, "application/json") && json.Unmarshal(text, &said) == nil:
		e.Text = said.Message
	case strings.HasPrefix(kind, "text/plain"):
		e.Text, _, _ = strings.Cut(strings.TrimSpace(string(text)), "\n")
	}
	if seconds, err := strconv.ParseUint(r.Header.Get("Retry-After"), 10, 16); err == nil {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	return e
}
