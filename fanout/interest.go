package fanout

import "tickwire/feed"

// interest is, per symbol, the subscribers of one shard that watch it.
type interest [][]watch

// watch is one subscriber's entry for a symbol.
type watch struct {
	sub   *Subscriber
	entry uint32
}

// add notes that entry i of sub watches id, and tells whether it is the first.
func (in *interest) add(id feed.SymbolID, sub *Subscriber, i uint32) (first bool) {
	for int(id) >= len(*in) {
		*in = append(*in, nil)
	}
	list := &(*in)[id]
	sub.watchlist.entries[i].at = uint32(len(*list))
	*list = append(*list, watch{sub, i})
	return len(*list) == 1
}

// remove undoes add and tells whether that was the last one. The last watch
// takes the freed place, so the order of a list means nothing.
func (in interest) remove(id feed.SymbolID, sub *Subscriber, i uint32) (last bool) {
	list := in[id]
	at, end := sub.watchlist.entries[i].at, len(list)-1
	moved := list[end]
	list[at] = moved
	moved.sub.watchlist.entries[moved.entry].at = at
	list[end] = watch{}
	in[id] = list[:end]
	return end == 0
}

func (in interest) of(id feed.SymbolID) []watch {
	if int(id) >= len(in) {
		return nil
	}
	return in[id]
}
