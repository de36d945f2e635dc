package gateway

import (
	"net"
	"net/netip"
	"sync"
)

// seats counts connections, in all and by address.
type seats struct {
	all, perAddress, standing int

	mu    sync.Mutex // protects what follows
	taken int
	from  map[netip.Prefix]int
}

// newSeats has standing room for some more than there are seats: they are told
// that there are none, which takes the time of a handshake.
func newSeats(l Limits) *seats {
	return &seats{all: l.Connections, perAddress: l.PerAddress, standing: max(64, l.Connections/16), from: make(map[netip.Prefix]int)}
}

// seat is one connection's place.
type seat struct {
	of      *seats
	address netip.Prefix
	over    *refusal // the limit it is over; nil: none
}

// take counts a connection. When not even standing room is left, ok is false and
// it is not counted.
func (s *seats) take(addr net.Addr) (one seat, ok bool) {
	one = seat{of: s, address: addressOf(addr)}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.taken >= s.all+s.standing:
		return one, false
	case s.taken >= s.all:
		one.over = &full
	case one.address.IsValid() && s.from[one.address] >= s.perAddress:
		one.over = &crowded
	}
	s.taken++
	if one.address.IsValid() {
		s.from[one.address]++
	}
	return one, true
}

// count is how many connections there are.
func (s *seats) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.taken
}

// leave gives the seat back.
func (one seat) leave() {
	s := one.of
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken--
	if !one.address.IsValid() {
		return
	}
	if s.from[one.address]--; s.from[one.address] == 0 {
		delete(s.from, one.address)
	}
}

// addressOf is what connections are counted by: an IPv4 address, or a /64 of
// IPv6; nothing for this machine.
func addressOf(addr net.Addr) netip.Prefix {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	ip := tcp.AddrPort().Addr().Unmap()
	switch {
	case !ip.IsValid() || ip.IsLoopback():
		return netip.Prefix{}
	case ip.Is4():
		return netip.PrefixFrom(ip, 32)
	}
	return netip.PrefixFrom(ip.WithZone(""), 64).Masked()
}
