package wire

// Code says in an error, or in the verdict on one symbol, what was wrong.
type Code string

// Codes of an error message. The connection stays open.
const (
	BadJSON        Code = "bad_json"        // the message is not JSON
	BadRequest     Code = "bad_request"     // a member is missing, unknown or out of its range
	UnknownOp      Code = "unknown_op"      // no such operation
	UnknownChannel Code = "unknown_channel" // no such channel
	// TooManySymbols is also a verdict: of the symbols beyond the limit.
	TooManySymbols Code = "too_many_symbols"
	// NotEntitled is also a verdict: of a symbol that the token does not grant,
	// and of a pattern that reaches beyond what it grants.
	NotEntitled     Code = "not_entitled"
	Unauthorized    Code = "unauthorized"      // a token is missing, or not good
	TooManyRequests Code = "too_many_requests" // more messages a second than a connection may send; this one was not carried out
)

// Codes of an error that answers an HTTP request, beside those above.
const (
	BadOrigin          Code = "bad_origin"           // a page of another site, see the header Origin
	TooManyConnections Code = "too_many_connections" // in all, or from this address
	Unavailable        Code = "unavailable"          // for now: the feed is not ready, or the server ends
)

// Verdicts on one symbol of a request, in "denied" of its ack.
const (
	BadSymbol     Code = "bad_symbol"     // cannot be the name of a symbol nor a pattern
	UnknownSymbol Code = "unknown_symbol" // this node has seen no tick of it; a pattern would wait for one
	NotSubscribed Code = "not_subscribed" // nothing to unsubscribe
)

// Close codes of the server, RFC 6455 section 7.4. The range carries the
// advice: 4000-4099 reconnect at once, 4100-4199 reconnect with backoff,
// 4500-4599 do not reconnect.
const (
	CloseGoingAway    = 1001 // the server ends
	CloseUnsupported  = 1003 // a binary message
	CloseInvalidText  = 1007 // text that is not UTF-8
	CloseTooBig       = 1009 // a message over the limit
	CloseRestart      = 1012 // the server restarts: reconnect after a random wait
	CloseTryLater     = 1013 // for now this cannot be had
	CloseSlow         = 4101 // took no byte for too long
	CloseExpired      = 4103 // the token has expired: come with a new one
	CloseFlood        = 4104 // too many messages for too long
	CloseIdle         = 4501 // subscribed to nothing for too long
	CloseUnauthorized = 4502 // no token in time, or one that is not good
)
