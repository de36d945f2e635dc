package gateway

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"tickwire/fanout"
	"tickwire/fanout/wire"
	"tickwire/feed"
)

// snapshotAnswer is a snapshot message with the state of the feed and of the
// symbols that are not live, and a verdict on those that it does not hold.
type snapshotAnswer struct {
	Type    string          `json:"type"`
	Channel string          `json:"channel"`
	Data    json.RawMessage `json:"data"`
	Denied  []wire.Denied   `json:"denied,omitempty"`
	Feed    feedAnswer      `json:"feed"`
	NotLive []symbolAnswer  `json:"not_live"`
}

// feedAnswer is the state of the feed.
type feedAnswer struct {
	State wire.State `json:"state"`
	AgeMS int64      `json:"age_ms"` // of the newest tick
	LagMS int64      `json:"lag_ms"` // behind the end of the topic
}

// symbolAnswer is the state of a symbol.
type symbolAnswer struct {
	Symbol string     `json:"symbol"`
	State  wire.State `json:"state"`
	AgeMS  int64      `json:"age_ms"`
}

// judgeFreshness puts the states in.
func (a *snapshotAnswer) judgeFreshness(hub *fanout.Hub, any bool, terms []string) {
	feed := hub.Feed()
	a.Feed = feedAnswer{State: feed.State, AgeMS: feed.Age.Milliseconds(), LagMS: feed.Behind.Milliseconds()}
	a.NotLive = []symbolAnswer{}
	if !any {
		return
	}
	for _, f := range hub.NotLive(terms...) {
		a.NotLive = append(a.NotLive, symbolAnswer{f.Symbol, f.State, f.Age.Milliseconds()})
	}
}

// serveSnapshot answers GET /v1/snapshot?symbols=A,B-*&channel=ticker: the newest
// values or, of channel=stats, the statistics; of all symbols when none are
// named.
func (g *Gateway) serveSnapshot(w http.ResponseWriter, r *http.Request) {
	answer := snapshotAnswer{Type: wire.TypeSnapshot, Channel: cmp.Or(r.URL.Query().Get("channel"), wire.Ticker)}
	c := callerOf(r)
	read := c.hub.AppendUpdates
	switch answer.Channel {
	case wire.Ticker:
	case wire.Stats:
		read = c.hub.AppendStats
	default:
		answerError(w, wire.UnknownChannel, fmt.Sprintf("there is no snapshot of channel %.40q: ticker, stats", answer.Channel))
		return
	}
	var terms []string
	if list := r.URL.Query().Get("symbols"); list != "" {
		terms = strings.Split(list, ",")
	}
	if !c.grant.Channel(answer.Channel) {
		g.refuse(w, &noChannel)
		return
	}
	if len(terms) > c.terms() {
		answerError(w, wire.TooManySymbols, "too many symbols in one request")
		return
	}
	known := terms[:0:0]
	for _, term := range terms {
		if code := c.judge(term); code != "" {
			answer.Denied = append(answer.Denied, wire.Denied{Symbol: term, Code: code})
		} else {
			known = append(known, term)
		}
	}
	if terms == nil { // all that there is for the caller
		known = c.grant.Symbols
	}
	answer.Data = append(answer.Data, '[')
	if len(known) > 0 || terms == nil && known == nil { // no terms are all symbols
		answer.Data = read(answer.Data, known...)
	}
	answer.Data = append(answer.Data, ']')
	answer.judgeFreshness(c.hub, len(known) > 0 || terms == nil && known == nil, known)
	answerJSON(w, http.StatusOK, answer)
}

// terms is how many symbols and patterns the caller may have.
func (c caller) terms() int {
	if c.grant != nil && c.grant.Terms > 0 {
		return min(c.grant.Terms, c.hub.Policy().Terms)
	}
	return c.hub.Policy().Terms
}

// judge is the verdict on one symbol of a request: empty when it is good.
func (c caller) judge(term string) wire.Code {
	if !wire.ValidTerm(term) {
		return wire.BadSymbol
	}
	if !c.grant.Symbol(term) {
		return wire.NotEntitled
	}
	if _, pattern := wire.Pattern(term); pattern {
		return ""
	}
	if _, ok := c.hub.Symbols().Lookup(term); !ok {
		return wire.UnknownSymbol
	}
	return ""
}

// Bounds of one answer.
const (
	maxBars   = 1500
	maxTrades = 1000
)

// serveBars answers GET /v1/bars?symbol=BTC-USD&channel=bars_1m&from=T&to=T&limit=N:
// the bars of a symbol that this node has, oldest first, those whose start is
// from from up to but not including to, in microseconds since 1970; of more than
// limit (500 by default, 1500 at most) the newest. "reach" is the start from
// which on this node has all.
func (g *Gateway) serveBars(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	q := fanout.BarsQuery{Symbol: query.Get("symbol"), Channel: cmp.Or(query.Get("channel"), wire.Bars1m)}
	var err [3]error
	q.From, err[0] = number(query, "from", 0, feed.MaxTime, 0)
	q.To, err[1] = number(query, "to", 0, feed.MaxTime, feed.MaxTime)
	limit, bad := number(query, "limit", 1, maxBars, 500)
	q.Limit, err[2] = int(limit), bad
	switch err := errors.Join(err[:]...); {
	case !wire.IsBars(q.Channel):
		answerError(w, wire.UnknownChannel, fmt.Sprintf("there are no bars %.40q: bars_1s, bars_1m, bars_5m, bars_1h", q.Channel))
		return
	case err != nil:
		answerError(w, wire.BadRequest, err.Error())
		return
	}
	c := callerOf(r)
	if !g.mayHave(w, c, q.Channel, q.Symbol) {
		return
	}
	bars, reach, known := c.hub.AppendBars([]byte{'['}, q)
	if !known {
		answerUnknown(w, q.Symbol)
		return
	}
	answerJSON(w, http.StatusOK, struct {
		Channel string          `json:"channel"`
		Symbol  string          `json:"symbol"`
		Reach   int64           `json:"reach"`
		Data    json.RawMessage `json:"data"`
	}{q.Channel, q.Symbol, reach, append(bars, ']')})
}

// serveTrades answers GET /v1/trades?symbol=BTC-USD&since=Q&limit=N: the trades of
// a symbol that this node holds, oldest first: with since those after that seq,
// else the newest, limit of them (100 by default, 1000 at most). "complete"
// tells whether none is missing between since and the first.
func (g *Gateway) serveTrades(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	since, err := number(query, "since", 0, math.MaxInt64, -1)
	limit, err2 := number(query, "limit", 1, maxTrades, 100)
	if err := errors.Join(err, err2); err != nil {
		answerError(w, wire.BadRequest, err.Error())
		return
	}
	symbol, c := query.Get("symbol"), callerOf(r)
	if !g.mayHave(w, c, wire.Trades, symbol) {
		return
	}
	trades, complete, known := c.hub.AppendTrades([]byte{'['}, symbol, since, int(limit))
	if !known {
		answerUnknown(w, symbol)
		return
	}
	answerJSON(w, http.StatusOK, struct {
		Channel  string          `json:"channel"`
		Symbol   string          `json:"symbol"`
		Complete bool            `json:"complete"`
		Data     json.RawMessage `json:"data"`
	}{wire.Trades, symbol, complete, append(trades, ']')})
}

// mayHave reports whether the caller is granted a symbol in a channel, or says
// that it is not.
func (g *Gateway) mayHave(w http.ResponseWriter, c caller, channel, symbol string) bool {
	switch {
	case !c.grant.Channel(channel):
		g.refuse(w, &noChannel)
	case !c.grant.Symbol(symbol):
		g.refuse(w, &noSymbol)
	default:
		return true
	}
	return false
}

// number is an integer of a query, or otherwise if it is not there.
func number(query url.Values, name string, least, most, otherwise int64) (int64, error) {
	text := query.Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%s must be an integer of %d to %d", name, least, most)
	}
	return n, nil
}

func answerUnknown(w http.ResponseWriter, symbol string) {
	answerJSON(w, http.StatusNotFound, wire.Error{Type: wire.TypeError, Code: wire.UnknownSymbol,
		Message: fmt.Sprintf("no tick of %.40q has been seen: name one symbol of /v1/symbols", symbol)})
}

// serveSymbols answers GET /v1/symbols: the names of all symbols that the caller
// may have, sorted.
func (g *Gateway) serveSymbols(w http.ResponseWriter, r *http.Request) {
	c := callerOf(r)
	symbols := c.hub.Symbols()
	names := make([]string, 0, symbols.Len())
	for id := range feed.SymbolID(symbols.Len()) {
		if name := symbols.Name(id); c.grant.Symbol(name) {
			names = append(names, name)
		}
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
