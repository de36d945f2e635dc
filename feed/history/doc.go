// Package history is what one symbol has done lately: its last trades, its bars
// of a second, a minute, five minutes and an hour, and its statistics of 24
// hours. It is data and arithmetic alone: no lock, no clock, no I/O.
//
//	Add --> trades   ring of the last ones, by ordinal
//	    \-> second   the running bar; the only one that a trade in order touches
//	           | when it is over
//	           v
//	        minute --> five minutes --> hour      each bar merged into the next
//	           |
//	           v
//	          Day    the last 1440 minutes
//
// The rules:
//
//   - Everything follows from the ticks in the order of Add, which is that of
//     their offsets; Close decides Closed alone. So two nodes that were given the
//     same ticks have the same bars. Versions and ordinals are the node's own.
//   - Time is event time. An interval starts at a multiple of its length, and a
//     trade counts in the bar of its event time, however late it comes. An
//     interval without a trade has no bar.
//   - A series holds the newest intervals that had a trade, as many as its limit
//     allows, whatever the order in which they came. A trade of an older one is
//     left out of that series and counted: Late.
//   - Open is the trade of the lowest event time, Close that of the highest; of
//     trades at one time Open is the first to come and Close the last.
//   - A bar is closed when a trade of a later interval of its series has come, or
//     when Close has been told its end. A late trade changes a closed bar, which
//     stays closed.
//   - A bar's Version rises when a trade changes it and when it becomes closed.
//   - A trade whose event time is more than a minute ahead of Received, where that
//     is known, is kept among the trades but counts in no bar and no day: Ahead.
//     One such event time would else end every running bar at once. This is the
//     one rule that asks this node's clock, so in it nodes can differ.
//   - Numbers are exact. A bar's prices have as many places as its finest price,
//     and its volume as many as its finest size. A trade without a size counts
//     with none.
//   - The day is the 1440 whole minutes of which the last is that of the newest
//     event time that counted. It knows as many of them as the series of minutes
//     holds.
//
// What fits is counted in whole units of a last place, prices in 64 bits, volume
// and turnover in 128. A bar with a number beyond that goes on in
// decimal.Decimal, to the same result.
package history
