package wire

import "encoding/json"

// Version of the protocol, and the WebSocket subprotocol that names it.
const (
	Version     = 1
	Subprotocol = "tickwire.v1"
)

// Types of server messages.
const (
	TypeHello     = "hello"
	TypeAck       = "ack"
	TypePong      = "pong"
	TypeSnapshot  = "snapshot"
	TypeTicker    = Ticker // and so is every other channel the type of its messages
	TypeGap       = "gap"
	TypeStatus    = "status"
	TypeHeartbeat = "heartbeat"
	TypeNotice    = "notice"
	TypeError     = "error"
)

// Codes of a notice.
const (
	NoticeSlow    = "slow"    // the client took nothing for long: if it does so again, for in_ms, it is evicted
	NoticeDrain   = "drain"   // the server ends, and will close the connection with 1012 in in_ms
	NoticeExpires = "expires" // the token does, and with it the connection in in_ms: send a fresh one by op auth
)

// Hello is the first message of every connection.
type Hello struct {
	Type        string `json:"type"`
	V           int    `json:"v"`
	Conn        string `json:"conn"`
	Node        string `json:"node"`
	HeartbeatMS int64  `json:"heartbeat_ms"` // silence for two of these means that the connection is dead
	Limits      Limits `json:"limits"`
	// Channels are what there is to subscribe to.
	Channels []string `json:"channels"`
	// State is that of the feed. A status tells when it changes.
	State State `json:"state"`
	// Operator tells whether this client may ask for /v1/server.
	Operator bool `json:"operator,omitempty"`
}

// Limits is what one connection may ask for.
type Limits struct {
	MessageBytes int   `json:"message_bytes"` // in one message of the client
	Terms        int   `json:"terms"`         // symbols and patterns, in all
	Rates        int   `json:"rates"`         // different rates at one time
	IdleMS       int64 `json:"idle_ms"`       // until something must be subscribed
}

// Ack answers subscribe, unsubscribe, list and auth. Every symbol of the request is
// either in Symbols or in Denied.
type Ack struct {
	Type          string         `json:"type"`
	ID            ID             `json:"id,omitempty"`
	Op            string         `json:"op"`
	Channel       string         `json:"channel,omitempty"`
	Symbols       []string       `json:"symbols,omitzero"`
	Denied        []Denied       `json:"denied,omitempty"`
	Rate          float64        `json:"rate,omitempty"` // in force; 0: every change
	Stamps        bool           `json:"stamps,omitempty"`
	BytesPerS     int            `json:"bytes_per_s,omitempty"`  // budget in force; 0: none
	Subscriptions []Subscription `json:"subscriptions,omitzero"` // of list
	// Position, of subscribe on trades, is where the subscription begins: what
	// came after it is told, of every symbol that Since did not name. It says by
	// Kafka partition the last offset, such as 0-1007,3-998. Who is cut off gives
	// it as Request.Position, on whatever node.
	Position string `json:"position,omitempty"`
	// Operator, of auth, is hello's: the token may come after that.
	Operator bool `json:"operator,omitempty"`
}

// Denied is the verdict on one symbol.
type Denied struct {
	Symbol string `json:"symbol"`
	Code   Code   `json:"code"`
}

// Subscription is what is subscribed at one rate.
type Subscription struct {
	Channel string   `json:"channel"`
	Symbols []string `json:"symbols"`        // symbols and patterns as they were asked for
	Rate    float64  `json:"rate,omitempty"` // updates a second; 0: every change
	Stamps  bool     `json:"stamps,omitempty"`
}

// Pong answers ping, and tells of the connection what a client that always gets
// data does not hear by heartbeats.
type Pong struct {
	Type      string `json:"type"`
	ID        ID     `json:"id,omitempty"`
	Time      int64  `json:"t"`         // of the server
	LagMS     int64  `json:"lag_ms"`    // as in Heartbeat
	Conflated uint64 `json:"conflated"` // as in Heartbeat
	Bytes     uint64 `json:"bytes"`     // of all frames before this one, compressed as they went out
}

// Heartbeat comes when nothing else was sent for half the heartbeat interval.
type Heartbeat struct {
	Type      string `json:"type"`
	Time      int64  `json:"t"`         // of the server
	LagMS     int64  `json:"lag_ms"`    // for how long this node has been behind the end of the topic; 0: it is not
	Conflated uint64 `json:"conflated"` // ticks that this connection got only as part of a later update
	State     State  `json:"state"`     // of the feed
	AgeMS     int64  `json:"age_ms"`    // of the newest tick: now less its event time; 0: there was none
}

// Notice tells of what may happen to the connection.
type Notice struct {
	Type string `json:"type"`
	Code string `json:"code"`
	InMS int64  `json:"in_ms"`
}

// Error answers a request that could not be carried out.
type Error struct {
	Type    string `json:"type"`
	ID      ID     `json:"id,omitempty"`
	Code    Code   `json:"code"`
	Message string `json:"message"` // for a person
	Retry   bool   `json:"retry"`   // whether the same request may succeed later
}

// Data is a message of ticker, or a snapshot of it.
type Data struct {
	Type    string   `json:"type"`
	Channel string   `json:"channel,omitempty"` // of a snapshot
	Sent    int64    `json:"sent,omitempty"`    // with stamps: by the server's clock
	Data    []Update `json:"data"`
}

// Marshal encodes a message of this package.
func Marshal(message any) []byte {
	text, err := json.Marshal(message)
	if err != nil {
		panic("wire: " + err.Error()) // a type of this package that JSON cannot hold
	}
	return text
}
