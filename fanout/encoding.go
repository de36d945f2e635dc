package fanout

// Encoding is how a subscriber's messages become bytes for its outbox.
type Encoding uint8

// The encodings.
const (
	Plain   Encoding = iota // WebSocket frames, RFC 6455 section 5.2
	Deflate                 // likewise; data with permessage-deflate, without context takeover, where that is shorter
	Events                  // Server-Sent Events, https://html.spec.whatwg.org/multipage/server-sent-events.html

	encodings = iota
)
