package client

import "tickwire/fanout/wire"

// updates delivers the updates of a message. One that breaks the order would
// take a value back, so it is counted and told, and goes no further.
func (s *session) updates(d *wire.Data) {
	n := &s.client.counters
	n.updates.Add(uint64(len(d.Data)))
	snapshot := d.Type == wire.TypeSnapshot
	good := d.Data[:0]
	for i := range d.Data {
		u := &d.Data[i]
		if snapshot {
			s.client.ledger.open(u)
			s.recovered(u)
			good = append(good, *u)
			continue
		}
		conflated, broken := s.client.ledger.update(u)
		n.conflated.Add(conflated)
		if broken != nil {
			s.broke(broken)
		}
		if broken == nil || broken.NoSnapshot {
			good = append(good, *u)
		}
	}
	if len(good) > 0 {
		s.sent(d.Sent)
		s.client.config.OnUpdates(good, snapshot)
	}
}

// trades delivers the trades of a message, but for those that break the order.
// A gap comes between the trades before it and those after.
func (s *session) trades(m *wire.TradesMessage) {
	s.client.counters.trades.Add(uint64(len(m.Data)))
	good := m.Data[:0]
	for i := range m.Data {
		news, gap, broken := s.client.ledger.trade(&m.Data[i])
		if broken != nil {
			s.broke(broken)
		}
		if !news {
			continue
		}
		if gap != nil {
			s.traded(good, m.Sent)
			s.gap(gap)
			good = m.Data[i:i]
		}
		good = append(good, m.Data[i])
	}
	s.traded(good, m.Sent)
}

func (s *session) traded(trades []wire.Trade, sent int64) {
	if len(trades) > 0 {
		s.sent(sent)
		s.client.config.OnTrades(trades)
	}
}

func (s *session) bars(m *wire.BarsMessage) {
	s.client.counters.bars.Add(uint64(len(m.Data)))
	if m.Type == wire.TypeSnapshot {
		s.client.config.OnBars(m.Channel, m.Data, true)
		return
	}
	s.client.config.OnBars(m.Type, m.Data, false)
}

func (s *session) gap(g *wire.Gap) {
	s.client.counters.gaps.Add(1)
	s.client.config.OnGap(*g)
}

func (s *session) broke(e *OrderError) {
	s.client.counters.broke(e)
	s.client.config.OnFault(e)
}

func (s *session) sent(at int64) {
	if at != 0 {
		s.client.config.OnSent(at)
	}
}
