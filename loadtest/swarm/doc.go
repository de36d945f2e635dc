// Package swarm is many subscribers over real sockets, in cohorts: those that
// read as they should, and those that do what clients do on a bad day.
//
//	Grow, Churn --> dialers: connect, handshake, hello, subscribe     (DialLimit at once)
//	                   |
//	                   v
//	                members: wait until the socket can be read        (one goroutine each, no buffer)
//	                   |
//	                   v
//	                seats: read, inflate, verify.Watch.Take           (as many as there are cores)
//	                   |
//	                   '--> verify.Ledger of the seat and cohort --> Stats
//
// A light subscriber is cheap, so that one process holds as many as it may open
// files: a goroutine whose stack stays small, its socket, its verify.Watch.
// All that takes room, to read, to inflate and to check, belongs to the seat
// that it is lent for one turn; between turns a member keeps an unfinished frame
// and nothing else. The handshake is RFC 6455 section 4.1, frames are section 5,
// compression is RFC 7692 without context takeover.
//
// A message is received when the read that completed it has returned. What waits
// in a socket because every seat is taken is late by that: a generator that
// cannot keep up measures itself, and must say so. See package sample.
//
// Members of [Full] and [Flap] are whole clients, of package client. Each takes
// 400 KiB where a light one takes 4, and decodes every message in full: there
// should be few.
//
// A member whose connection ends comes again, after the wait that the close code
// asks for, and the end is counted: nothing that went wrong is lost.
//
// Locks, in this order: member.mu, tally.mu, cohort.mu.
package swarm
