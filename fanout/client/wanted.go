package client

import (
	"slices"

	"tickwire/fanout/wire"
)

// wanted is what is to be subscribed: terms with their lanes, in the order in
// which they were first asked for; and the budget.
type wanted struct {
	order     []term
	lanes     map[term]lane
	bytesPerS int
}

// term is a symbol or a pattern of one channel.
type term struct{ channel, text string }

func (t term) pattern() bool {
	_, pattern := wire.Pattern(t.text)
	return pattern
}

// lane is what terms have to share to be asked for with one request.
type lane struct {
	channel string
	rate    float64
	stamps  bool
}

// add takes the terms in and returns what undoes it.
func (w *wanted) add(l lane, symbols []string) (undo func()) {
	if w.lanes == nil {
		w.lanes = map[term]lane{}
	}
	before := map[term]lane{}
	var fresh []string
	for _, symbol := range symbols {
		t := term{l.channel, symbol}
		old, known := w.lanes[t]
		if !known {
			w.order = append(w.order, t)
			fresh = append(fresh, symbol)
		} else if _, twice := before[t]; !twice {
			before[t] = old
		}
		w.lanes[t] = l
	}
	return func() {
		for t, old := range before {
			w.lanes[t] = old
		}
		w.remove(l.channel, fresh)
	}
}

func (w *wanted) remove(channel string, symbols []string) {
	for _, symbol := range symbols {
		delete(w.lanes, term{channel, symbol})
	}
	w.order = slices.DeleteFunc(w.order, func(t term) bool {
		_, still := w.lanes[t]
		return !still
	})
}

// spend sets the budget and returns what undoes it.
func (w *wanted) spend(bytesPerS int) (undo func()) {
	before := w.bytesPerS
	w.bytesPerS = bytesPerS
	return func() { w.bytesPerS = before }
}

// covers reports whether a term stands for the symbol.
func (w *wanted) covers(channel, symbol string) bool {
	if _, named := w.lanes[term{channel, symbol}]; named {
		return true
	}
	for i := range len(symbol) + 1 {
		if _, matched := w.lanes[term{channel, symbol[:i] + "*"}]; matched {
			return true
		}
	}
	return false
}

// subscriptions are the terms that are chosen, by lane.
func (w *wanted) subscriptions(chosen func(term) bool) []Subscription {
	var all []Subscription
	at := map[lane]int{}
	for _, t := range w.order {
		if !chosen(t) {
			continue
		}
		l := w.lanes[t]
		i, known := at[l]
		if !known {
			i = len(all)
			at[l] = i
			all = append(all, Subscription{Channel: l.channel, Rate: l.rate, Stamps: l.stamps})
		}
		all[i].Symbols = append(all[i].Symbols, t.text)
	}
	return all
}
