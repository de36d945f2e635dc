package fanout

import "tickwire/fanout/wire"

// Reason is why a connection ended. Every end has one and is counted by it.
type Reason uint8

// The reasons.
const (
	ClientLeft   Reason = iota // the client closed, or the network did
	ServerEnds                 // this process ends
	Idle                       // the client subscribed to nothing for too long
	Slow                       // the client took no byte for too long
	Binary                     // the client sent a binary message
	NotUTF8                    // the client sent text that is not UTF-8
	TooBig                     // the client sent a message over the limit
	BadProtocol                // the client broke RFC 6455
	BadDeflate                 // the client sent a compressed message that cannot be inflated
	Drained                    // the server ends, and had given notice of it
	Expired                    // the client's token has expired
	Flooded                    // the client sent too many messages for too long
	Unauthorized               // the client brought no token in time, or none that is good
	NotReady                   // what the client's token grants cannot be had for now
	reasons
)

var reasonNames = [reasons]string{
	ClientLeft: "client_left", ServerEnds: "server_ends", Idle: "idle", Slow: "slow",
	Binary: "binary", NotUTF8: "not_utf8", TooBig: "too_big", BadProtocol: "bad_protocol",
	BadDeflate: "bad_deflate", Drained: "drained", Expired: "expired", Flooded: "flooded", Unauthorized: "unauthorized", NotReady: "not_ready",
}

var reasonCodes = [reasons]uint16{
	ClientLeft: 1000, ServerEnds: wire.CloseGoingAway, Idle: wire.CloseIdle, Slow: wire.CloseSlow,
	Binary: wire.CloseUnsupported, NotUTF8: wire.CloseInvalidText, TooBig: wire.CloseTooBig, BadProtocol: 1002,
	BadDeflate: wire.CloseInvalidText, Drained: wire.CloseRestart, Expired: wire.CloseExpired, Flooded: wire.CloseFlood,
	Unauthorized: wire.CloseUnauthorized, NotReady: wire.CloseTryLater,
}

var reasonTexts = [reasons]string{
	ServerEnds: "the server ends",
	Idle:       "nothing was subscribed in time",
	Slow:       "no byte was read for too long",
	Binary:     "binary messages are not understood, send text",
	NotUTF8:    "text must be UTF-8",
	TooBig:     "the message is too big",

	BadProtocol:  "this is not RFC 6455",
	BadDeflate:   "the compressed message cannot be inflated",
	Drained:      "the server restarts",
	Expired:      "the token has expired, come with a new one",
	Flooded:      "too many messages for too long",
	Unauthorized: "a token is needed",
	NotReady:     "not ready, try again later",
}

// Reasons are all reasons, for who counts them.
func Reasons() []Reason {
	all := make([]Reason, reasons)
	for i := range all {
		all[i] = Reason(i)
	}
	return all
}

// String is the reason's name in metrics and logs.
func (r Reason) String() string { return reasonNames[r] }

// Code is the WebSocket close code that goes with the reason.
func (r Reason) Code() uint16 { return reasonCodes[r] }

// Retry reports whether it is of use to connect again, by the range of the code.
func (r Reason) Retry() bool { return r.Code() < 4500 }

// Text is the close reason for a person; empty when there is nothing to say.
func (r Reason) Text() string { return reasonTexts[r] }
