package verify

import "tickwire/fanout/wire"

// Message is the kind of a server message.
type Message uint8

// The kinds of messages. Take has looked at data messages, gaps and heartbeats
// itself. Who wants to know more of the others parses them.
const (
	Broken Message = iota // no message of the protocol: told as a violation
	Other                 // a type that this version does not know, or data of a channel that is not verified
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

// messageOf is the kind of a message of a type.
func messageOf(name string) Message {
	switch name {
	case wire.Ticker:
		return Ticker
	case wire.TypeSnapshot:
		return Snapshot
	case wire.Trades:
		return Trades
	case wire.TypeGap:
		return Gap
	case wire.TypeHeartbeat:
		return Heartbeat
	case wire.TypeStatus:
		return Status
	case wire.TypeHello:
		return Hello
	case wire.TypeAck:
		return Ack
	case wire.TypePong:
		return Pong
	case wire.TypeNotice:
		return Notice
	case wire.TypeError:
		return Error
	}
	return Other
}

// kindOfParsed is the kind of what wire.Parse made of a message.
func kindOfParsed(m any) Message {
	switch m := m.(type) {
	case *wire.Data:
		return messageOf(m.Type)
	case *wire.TradesMessage:
		if m.Type == wire.Trades { // there is no snapshot of it
			return Trades
		}
	case *wire.Gap:
		return Gap
	case *wire.Heartbeat:
		return Heartbeat
	case *wire.Status:
		return Status
	case *wire.Hello:
		return Hello
	case *wire.Ack:
		return Ack
	case *wire.Pong:
		return Pong
	case *wire.Notice:
		return Notice
	case *wire.Error:
		return Error
	}
	return Other
}
