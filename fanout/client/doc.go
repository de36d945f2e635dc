// Package client is the Go client of the protocol in package wire. It keeps
// one WebSocket connection and everything that was subscribed on it: when the
// connection ends it comes back, as the server's close code allows, and asks
// for all of it again, from where it was.
//
//	Run:  token -> dial -> hello -> ask for what is wanted -> deliver -> the end -> wait -> token
//	                                  ^                                   |
//	                 Subscribe, Unsubscribe change it          close code: at once, later, never
//
// On ticker and trades the client knows the seq of the last element that it
// delivered of each symbol, and tells it to the next connection, to whichever
// node that is. So a symbol that has not moved is not told again, and the trades
// of the meantime are; what the server cannot reach any more it tells as a gap.
// Of a symbol that had no trade yet, or has appeared in the meantime, it tells
// the position that the ack of its subscription had, so none of these is missed.
//
// Every callback of [Config] is called from the goroutine that is in
// [Client.Run], one at a time and in the order of the messages. A callback that
// takes long makes the socket fill up; the server then conflates for this
// client, so that what comes next is fresh, and closes when nothing is taken
// for its stall time. There is no queue in between.
//
// What the protocol promises is checked: see [Stats] and [OrderError]. A program
// to begin with is in the folder example.
package client
