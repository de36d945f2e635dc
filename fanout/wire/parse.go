package wire

import (
	"encoding/json"
	"fmt"
)

// Parse decodes a message of the server: a *Hello, *Ack, *Pong, *Data,
// *TradesMessage, *StatsMessage, *BarsMessage, *Gap, *Status, *Heartbeat,
// *Notice or *Error. A type that this version does not know is nil without an
// error: the client passes it over.
func Parse(message []byte) (any, error) {
	var kind struct {
		Type    string `json:"type"`
		Channel string `json:"channel"`
	}
	if err := json.Unmarshal(message, &kind); err != nil {
		return nil, fmt.Errorf("message is not JSON: %w", err)
	}
	target := targetOf(kind.Type)
	if kind.Type == TypeSnapshot {
		target = dataOf(kind.Channel)
	}
	if target == nil {
		if kind.Type == "" {
			return nil, fmt.Errorf("message has no type: %.80q", message)
		}
		return nil, nil
	}
	if err := json.Unmarshal(message, target); err != nil {
		return nil, fmt.Errorf("%s message: %w", kind.Type, err)
	}
	return target, nil
}

func targetOf(kind string) any {
	switch kind {
	case TypeHello:
		return new(Hello)
	case TypeAck:
		return new(Ack)
	case TypePong:
		return new(Pong)
	case TypeGap:
		return new(Gap)
	case TypeStatus:
		return new(Status)
	case TypeHeartbeat:
		return new(Heartbeat)
	case TypeNotice:
		return new(Notice)
	case TypeError:
		return new(Error)
	}
	return dataOf(kind)
}

// dataOf is the kind of message that tells the data of a channel.
func dataOf(channel string) any {
	switch channel {
	case Ticker:
		return new(Data)
	case Trades:
		return new(TradesMessage)
	case Stats:
		return new(StatsMessage)
	case Bars1s, Bars1m, Bars5m, Bars1h:
		return new(BarsMessage)
	}
	return nil
}
