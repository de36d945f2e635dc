package verify

// Message is the kind of a server message.
type Message uint8

// The kinds of messages. Take has looked at data messages, gaps and heartbeats
// itself. Who wants to know more of the others parses them.
const (
	Broken    Message = iota // no message of the protocol: told as a violation
	Other                    // a type that this version does not know, or data of a channel that is not verified
	Ticker
	Snapshot
	Trades
	Gap
	Heartbeat
	Status
	Hello
	Ack
	Pong
	Notice
	Error
)
