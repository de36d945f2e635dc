package gateway

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

// snapshotAnswer is a snapshot message with a verdict on the symbols that it
// does not hold.
type snapshotAnswer struct {
	Type    string          `json:"type"`
	Channel string          `json:"channel"`
	Data    json.RawMessage `json:"data"`
	Denied  []wire.Denied   `json:"denied,omitempty"`
}

// serveSnapshot answers GET /v1/snapshot?symbols=A,B-*: the newest values, of
// all symbols when none are named.
func (g *Gateway) serveSnapshot(w http.ResponseWriter, r *http.Request) {
	answer := snapshotAnswer{Type: wire.TypeSnapshot, Channel: wire.Ticker}
	var terms []string
	if list := r.URL.Query().Get("symbols"); list != "" {
		terms = strings.Split(list, ",")
	}
	if limit := g.hub.Policy().Terms; len(terms) > limit {
		answerError(w, wire.TooManySymbols, "too many symbols in one request")
		return
	}
	known := terms[:0:0]
	for _, term := range terms {
		if code := g.judge(term); code != "" {
			answer.Denied = append(answer.Denied, wire.Denied{Symbol: term, Code: code})
		} else {
			known = append(known, term)
		}
	}
	answer.Data = append(answer.Data, '[')
	if terms == nil || len(known) > 0 {
		answer.Data = g.hub.AppendUpdates(answer.Data, known...)
	}
	answer.Data = append(answer.Data, ']')
	answerJSON(w, http.StatusOK, answer)
}

// judge is the verdict on one symbol of a request: empty when it is good.
func (g *Gateway) judge(term string) wire.Code {
	if !wire.ValidTerm(term) {
		return wire.BadSymbol
	}
	if _, pattern := wire.Pattern(term); pattern {
		return ""
	}
	if _, ok := g.hub.Symbols().Lookup(term); !ok {
		return wire.UnknownSymbol
	}
	return ""
}

// serveSymbols answers GET /v1/symbols: the names of all symbols, sorted.
func (g *Gateway) serveSymbols(w http.ResponseWriter, r *http.Request) {
	symbols := g.hub.Symbols()
	names := make([]string, symbols.Len())
	for i := range names {
		names[i] = symbols.Name(feed.SymbolID(i))
	}
	slices.Sort(names)
	answerJSON(w, http.StatusOK, struct {
		Symbols []string `json:"symbols"`
	}{names})
}

func answerError(w http.ResponseWriter, code wire.Code, message string) {
	answerJSON(w, http.StatusBadRequest, wire.Error{Type: wire.TypeError, Code: code, Message: message})
}

func answerJSON(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store") // prices of now
	w.WriteHeader(status)
	w.Write(append(wire.Marshal(answer), '\n'))
}
