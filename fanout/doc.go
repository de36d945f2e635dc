// Package fanout decides who gets which value when.
//
//	Apply -> Slot -> one dirty mark a shard -> pulse -> pending bits -> one frame -> Outbox
//	(feed)   newest   (a bit; no queue)        (loop)   (a bit a symbol)  (newest)   (socket)
//	         value
//
// The [Hub] owns the [Book] of newest values and a few shards, each one
// goroutine. A [Subscriber] belongs to one shard. A tick overwrites its
// symbol's slot and marks the symbol dirty in the shards that have an interest
// in it; that is all a tick costs, however many subscribers there are. A
// shard's pulse turns dirty symbols into pending bits of their subscribers and
// gives every subscriber that can take a frame one frame with the newest value
// of all its pending symbols.
//
// Nothing behind the Book is a queue. A subscriber whose socket is full keeps
// one bit a symbol, and what it gets when the socket drains is fresh. While
// nobody is slow a tick goes out at once; the more there is to do the more
// ticks one pulse covers, without a timer.
//
// Trades and bars are told whole, not by their newest value: what there is of
// them stands in rings in the slot, and a subscriber has a cursor a symbol. One
// that is behind by more than a ring holds is told a gap.
//
// The invariants, numbered as in the project's design:
//
//  1. A tick costs O(1) plus one mark per interested shard.
//  2. No message queue behind the Book; a subscriber's memory is bounded by its watchlist.
//  3. At most one frame in flight per subscriber; a blocked one delays nobody.
//  4. What is sent is the newest value at the moment of assembly.
//  5. A symbol's update is encoded at most once per pulse per shard.
//  6. When ticks stop, every subscriber ends with the final value of every symbol it watches.
//  7. A symbol's seq only rises for a subscriber, and its ordinal accounts for every tick.
//
// The package does no I/O: frames go to an [Outbox], which the gateway makes.
package fanout
