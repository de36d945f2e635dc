package client

import (
	"errors"
	"fmt"
	"time"

	"tickwire/fanout/wire"
)

// ErrNotConnected answers Ping and List while there is no connection.
var ErrNotConnected = errors.New("not connected")

// CloseError says that the server closed the connection.
type CloseError struct {
	Code   uint16 // RFC 6455 section 7.4 and package wire; 0: none was given
	Reason string // for a person; may be empty
}

func (e *CloseError) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("the server closed the connection with %d", e.Code)
	}
	return fmt.Sprintf("the server closed the connection with %d: %s", e.Code, e.Reason)
}

// HandshakeError says that the server answered the request for a WebSocket
// with something else.
type HandshakeError struct {
	Status     int
	Text       string        // the first line of the answer, or the message of its error; may be empty
	RetryAfter time.Duration // as the server asked for; 0: it did not
}

func (e *HandshakeError) Error() string {
	if e.Text == "" {
		return fmt.Sprintf("the server refused the handshake with HTTP %d", e.Status)
	}
	return fmt.Sprintf("the server refused the handshake with HTTP %d: %s", e.Status, e.Text)
}

// VersionError says that the server speaks another protocol, or another
// version of it.
type VersionError struct{ Version int } // 0: another protocol

func (e *VersionError) Error() string {
	if e.Version == 0 {
		return "the server does not speak " + wire.Subprotocol
	}
	return fmt.Sprintf("the server speaks version %d of the protocol, this client version %d", e.Version, wire.Version)
}

// RefusedError is an error message of the server.
type RefusedError struct {
	Code    wire.Code
	Message string // for a person
	Retry   bool   // whether the same request may succeed later
}

func refusedBy(e *wire.Error) *RefusedError { return &RefusedError{e.Code, e.Message, e.Retry} }

func (e *RefusedError) Error() string {
	return fmt.Sprintf("the server refused the request: %s (%s)", e.Message, e.Code)
}

// OrderError is a broken promise: an update whose seq or ordinal did not rise,
// a trade whose seq did not, neither of which is delivered; or an update that
// came before a snapshot of its symbol, which is.
type OrderError struct {
	Channel                string // wire.Ticker or wire.Trades
	Symbol                 string
	Seq, SeqBefore         int64
	Ordinal, OrdinalBefore uint64 // of wire.Ticker
	NoSnapshot             bool
}

func (e *OrderError) Error() string {
	switch {
	case e.NoSnapshot:
		return fmt.Sprintf("%s: an update came before the snapshot", e.Symbol)
	case e.Channel == wire.Trades:
		return fmt.Sprintf("%s: a trade with seq %d after %d: it must rise", e.Symbol, e.Seq, e.SeqBefore)
	}
	return fmt.Sprintf("%s: seq %d after %d, ordinal %d after %d: both must rise", e.Symbol, e.Seq, e.SeqBefore, e.Ordinal, e.OrdinalBefore)
}
