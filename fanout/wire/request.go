package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"tickwire/feed"
)

// Operations of a client.
const (
	OpSubscribe   = "subscribe"
	OpUnsubscribe = "unsubscribe"
	OpList        = "list"
	OpPing        = "ping"
	OpAuth        = "auth"
)

// The rates that can be asked for, in updates a second. Who wants more than
// MaxRate asks for every change; one below MinRate, less than an update a day,
// would never come.
const (
	MaxRate = 1000
	MinRate = 0.00001
)

// Request is a client's message.
type Request struct {
	Op      string   `json:"op"`
	ID      ID       `json:"id,omitempty"`
	Channel string   `json:"channel,omitempty"`
	Symbols []string `json:"symbols,omitempty"` // names, or patterns that end in a star
	Rate    float64  `json:"rate,omitempty"`    // most updates a second of each symbol; 0: every change
	// Since has the seq of the last update that the client has of a symbol. On
	// ticker, a symbol that has not moved since is left out of the snapshot; on
	// trades, what came after it is told first.
	Since map[string]int64 `json:"since,omitempty"`
	// Position, on trades, is one that an ack told: of every symbol that Since
	// does not name the client has all up to there, and what came after it is
	// told first.
	Position string `json:"position,omitempty"`
	// Stamps asks for the times at which updates were received and sent.
	Stamps bool `json:"stamps,omitempty"`
	// BytesPerS is a budget for everything that the connection gets, 0 for none.
	// It may be set with any subscribe, also without a channel; if it is not
	// given, the budget stays.
	BytesPerS *int `json:"bytes_per_s,omitempty"`
	// Token, of auth, takes the place of the one that the connection has.
	Token string `json:"token,omitempty"`
}

// The budgets that can be asked for, in bytes a second.
const (
	MinBytesPerS = 1_000
	MaxBytesPerS = 1_000_000_000
)

// ID is what a client gave to tell answers apart: an integer, or a string of
// at most 36 characters. It is echoed as it came.
type ID = json.RawMessage

// ParseRequest decodes and checks one message. It is strict: a member that is
// not known is an error, so that a misspelt one is not passed over. On failure
// it returns the error message that answers it.
func ParseRequest(message []byte) (Request, *Error) {
	var r Request
	d := json.NewDecoder(bytes.NewReader(message))
	d.DisallowUnknownFields()
	err := d.Decode(&r)
	if err == nil {
		_, err = d.Token() // there must be nothing more
		if err == io.EOF {
			return r, r.Check()
		}
	}
	if !json.Valid(message) {
		return r, refuse(nil, BadJSON, "the message is not JSON")
	}
	return r, refuse(nil, BadRequest, describe(err))
}

// Check reports the first thing that is wrong with r as the message that answers
// it, or nil.
func (r *Request) Check() *Error {
	if !validID(r.ID) {
		return refuse(nil, BadRequest, "id must be an integer or a string of at most 36 characters")
	}
	if r.Token != "" && r.Op != OpAuth {
		return refuse(r.ID, BadRequest, "token goes with op auth")
	}
	switch r.Op {
	case OpSubscribe, OpUnsubscribe:
		return r.checkSymbols()
	case OpList, OpPing:
		if r.Channel != "" || r.Symbols != nil || r.Rate != 0 || r.onlySubscribe() {
			return refuse(r.ID, BadRequest, r.Op+" takes no channel, symbols or rate, nor anything else of subscribe")
		}
		return nil
	case OpAuth:
		if r.Channel != "" || r.Symbols != nil || r.Rate != 0 || r.onlySubscribe() || r.Token == "" {
			return refuse(r.ID, BadRequest, "auth takes a token, and nothing else")
		}
		return nil
	case "":
		return refuse(r.ID, BadRequest, "op is missing")
	}
	return refuse(r.ID, UnknownOp, fmt.Sprintf("there is no op %.40q: subscribe, unsubscribe, list, ping, auth", r.Op))
}

// onlySubscribe reports whether r has a member that no other operation takes.
func (r *Request) onlySubscribe() bool {
	return r.Since != nil || r.Position != "" || r.Stamps || r.BytesPerS != nil
}

// SetsBudgetOnly reports whether r subscribes to nothing but sets the budget.
func (r *Request) SetsBudgetOnly() bool {
	return r.Op == OpSubscribe && r.BytesPerS != nil && r.Channel == "" && r.Symbols == nil
}

func (r *Request) checkSymbols() *Error {
	if wrong := r.checkBudget(); wrong != nil || r.SetsBudgetOnly() {
		return wrong
	}
	switch {
	case r.Channel == "":
		return refuse(r.ID, BadRequest, "channel is missing")
	case !IsChannel(r.Channel):
		return refuse(r.ID, UnknownChannel, fmt.Sprintf("there is no channel %.40q: %s", r.Channel, strings.Join(Channels(), ", ")))
	case len(r.Symbols) == 0:
		return refuse(r.ID, BadRequest, "symbols is missing or empty")
	case r.Op == OpUnsubscribe && (r.Rate != 0 || r.onlySubscribe()):
		return refuse(r.ID, BadRequest, "unsubscribe takes a channel and symbols, and nothing else")
	case r.Rate != 0 && !(r.Rate >= MinRate && r.Rate <= MaxRate): // NaN too
		return refuse(r.ID, BadRequest, fmt.Sprintf("rate must be %.5f to %d updates a second, or 0 for every change", MinRate, MaxRate))
	case r.Since != nil && r.Channel != Ticker && r.Channel != Trades:
		return refuse(r.ID, BadRequest, "since is for ticker and trades")
	case r.Position != "" && r.Channel != Trades:
		return refuse(r.ID, BadRequest, "position is for trades")
	case r.Stamps && r.Channel != Ticker && r.Channel != Trades:
		return refuse(r.ID, BadRequest, "stamps are for ticker and trades")
	}
	return nil
}

func (r *Request) checkBudget() *Error {
	if n := r.BytesPerS; n != nil && *n != 0 && (*n < MinBytesPerS || *n > MaxBytesPerS) {
		return refuse(r.ID, BadRequest, fmt.Sprintf("bytes_per_s must be %d to %d, or 0 for no budget", MinBytesPerS, MaxBytesPerS))
	}
	return nil
}

func refuse(id ID, code Code, message string) *Error {
	return &Error{Type: TypeError, ID: id, Code: code, Message: message}
}

// describe says what encoding/json found in the words of the protocol.
func describe(err error) string {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		if wrong.Field == "" {
			return "the message must be a JSON object"
		}
		return fmt.Sprintf("%s cannot be a %s", wrong.Field, wrong.Value)
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

func validID(id ID) bool {
	if len(id) == 0 {
		return true
	}
	if id[0] == '"' {
		var s string
		return json.Unmarshal(id, &s) == nil && len([]rune(s)) <= 36
	}
	var n int64
	return json.Unmarshal(id, &n) == nil && !bytes.Equal(id, []byte("null"))
}

// Pattern reports whether a term of a request stands for all symbols that
// begin with prefix: it ends in a star.
func Pattern(term string) (prefix string, ok bool) { return strings.CutSuffix(term, "*") }

// ValidTerm reports whether term can be the name of a symbol or a pattern.
func ValidTerm(term string) bool {
	prefix, pattern := Pattern(term)
	return pattern && prefix == "" || feed.ValidSymbol([]byte(prefix))
}
