package client

import "slices"

// wanted is what is to be subscribed: terms with their rates, in the order in
// which they were first asked for.
type wanted struct {
	order []string
	rates map[string]float64
}

// add takes the terms in and returns what undoes it.
func (w *wanted) add(terms []string, rate float64) (undo func()) {
	if w.rates == nil {
		w.rates = map[string]float64{}
	}
	before := map[string]float64{}
	var fresh []string
	for _, term := range terms {
		old, known := w.rates[term]
		if !known {
			w.order = append(w.order, term)
			fresh = append(fresh, term)
		} else if _, twice := before[term]; !twice {
			before[term] = old
		}
		w.rates[term] = rate
	}
	return func() {
		for term, old := range before {
			w.rates[term] = old
		}
		w.remove(fresh)
	}
}

func (w *wanted) remove(terms []string) {
	for _, term := range terms {
		delete(w.rates, term)
	}
	w.order = slices.DeleteFunc(w.order, func(term string) bool {
		_, still := w.rates[term]
		return !still
	})
}

// subscriptions are the terms by rate.
func (w *wanted) subscriptions() []Subscription {
	var all []Subscription
	at := map[float64]int{}
	for _, term := range w.order {
		rate := w.rates[term]
		i, known := at[rate]
		if !known {
			i = len(all)
			at[rate] = i
			all = append(all, Subscription{Rate: rate})
		}
		all[i].Symbols = append(all[i].Symbols, term)
	}
	return all
}
