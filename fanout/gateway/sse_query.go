package gateway

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"tickwire/fanout"
	"tickwire/fanout/wire"
)

// eventRequest is a request that a query stands for, and what it may not have.
type eventRequest struct {
	request wire.Request
	within  fanout.Within
}

// eventRequests are the requests that a query stands for, one a channel.
func (c caller) eventRequests(query url.Values) ([]eventRequest, *wire.Error) {
	requests, refusal := eventRequests(query, c.terms())
	if refusal != nil {
		return nil, refusal
	}
	all := make([]eventRequest, len(requests))
	for i, request := range requests {
		all[i].request = request
		if all[i].within, refusal = c.within(&all[i].request); refusal != nil {
			return nil, refusal
		}
		all[i].within.Alone = len(requests) == 1
	}
	return all, nil
}

// eventRequests are the requests of a query, whoever makes it.
func eventRequests(query url.Values, terms int) ([]wire.Request, *wire.Error) {
	for name := range query {
		if !slices.Contains([]string{"symbols", "channel", "rate", "stamps", "bytes_per_s"}, name) {
			return nil, badQuery(fmt.Sprintf("there is no parameter %.40q: symbols, channel, rate, stamps, bytes_per_s", name))
		}
	}
	base := wire.Request{Op: wire.OpSubscribe, Symbols: list(query, "symbols")}
	if len(base.Symbols) > terms {
		return nil, &wire.Error{Type: wire.TypeError, Code: wire.TooManySymbols, Message: fmt.Sprintf("a connection may have %d symbols and patterns", terms)}
	}
	var err error
	if text := query.Get("rate"); text != "" {
		if base.Rate, err = strconv.ParseFloat(text, 64); err != nil {
			return nil, badQuery("rate must be a number of updates a second")
		}
	}
	if text := query.Get("stamps"); text != "" {
		if base.Stamps, err = strconv.ParseBool(text); err != nil {
			return nil, badQuery("stamps must be true or false")
		}
	}
	if text := query.Get("bytes_per_s"); text != "" {
		budget, err := strconv.Atoi(text)
		if err != nil {
			return nil, badQuery("bytes_per_s must be a number of bytes")
		}
		base.BytesPerS = &budget
	}
	channels := list(query, "channel")
	if len(channels) == 0 {
		channels = []string{wire.Ticker}
	}
	var all []wire.Request
	for i, channel := range channels {
		request := base
		request.Symbols = slices.Clone(base.Symbols)
		request.Channel = channel
		request.ID = wire.ID(strconv.Itoa(i + 1))
		if refusal := request.Check(); refusal != nil {
			return nil, refusal
		}
		all = append(all, request)
	}
	return all, nil
}

// list is a parameter that may be given several times, or once with commas.
func list(query url.Values, name string) []string {
	var all []string
	for _, value := range query[name] {
		if value != "" {
			all = append(all, strings.Split(value, ",")...)
		}
	}
	return all
}

func badQuery(message string) *wire.Error {
	return &wire.Error{Type: wire.TypeError, Code: wire.BadRequest, Message: message}
}
