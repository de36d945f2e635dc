package sample

import (
	"cmp"
	"slices"
	"time"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

// Chart follows a stream of ticks and forms frames of bars.
type Chart struct {
	node     *Node
	interval int64 // microseconds
	bars     map[*state]*bar
	over     []*bar // since the last frame, of symbols that have another
}

// bar is a bar in the making.
type bar struct {
	wire.Bar
	of      *state
	volume  feed.Sum
	changed int64
}

// NewChart has seen no tick yet.
func NewChart(seed uint64, interval time.Duration) *Chart {
	return &Chart{node: NewNode(seed), interval: interval.Microseconds(), bars: make(map[*state]*bar)}
}

// Take puts a trade into the bar of its symbol.
func (c *Chart) Take(t *feed.Tick) {
	s := c.node.take(t)
	if len(t.Price) == 0 {
		return
	}
	start := t.Time - t.Time%c.interval
	b := c.bars[s]
	if b == nil || b.Start != start {
		if b != nil {
			c.end(b)
			c.over = append(c.over, b)
		}
		price := slices.Clone(t.Price)
		b = &bar{of: s, Bar: wire.Bar{Symbol: s.Symbol, Start: start, Open: price, High: price, Low: price}}
		c.bars[s] = b
	}
	b.trade(t)
	b.Seq = s.Seq
}

func (b *bar) trade(t *feed.Tick) {
	b.Close = slices.Clone(t.Price)
	price := exact(t.Price)
	if price.GreaterThan(exact(b.High)) {
		b.High = b.Close
	}
	if price.LessThan(exact(b.Low)) {
		b.Low = b.Close
	}
	b.volume.Add(t.Size)
	b.Count++
	b.changed = t.Time
}

func (c *Chart) end(b *bar) {
	if !b.Closed {
		b.Closed = true
		b.changed = b.Start + c.interval
	}
}

// Frame is size bars at random among those that changed within the last pulse,
// or, if those are fewer, of those that changed last. It is nil when there are
// not so many.
func (c *Chart) Frame(size int) Frame {
	all := c.over
	c.over = nil
	for _, b := range c.bars {
		if b.Start+c.interval <= c.node.now {
			c.end(b)
		}
		all = append(all, b)
	}
	if len(all) < size {
		return nil
	}
	slices.SortFunc(all, func(a, b *bar) int {
		return cmp.Or(cmp.Compare(b.changed, a.changed), compare(a.of, b.of), cmp.Compare(a.Start, b.Start))
	})
	recent := size
	for recent < len(all) && all[recent].changed > c.node.now-pulseMicros {
		recent++
	}
	all = all[:recent]
	c.node.random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	picked := all[:size]
	slices.SortFunc(picked, func(a, b *bar) int { return cmp.Or(compare(a.of, b.of), cmp.Compare(a.Start, b.Start)) })
	frame := make(Frame, 0, size)
	for _, b := range picked {
		told := b.Bar
		told.Volume = b.volume.Append(nil)
		frame = append(frame, wire.AppendBar(nil, &told))
	}
	return frame
}

// calmMicros is between two ticks, on average, where bars are made.
const calmMicros = 2000

// Bars makes count frames of size bars each, in turns of seconds and of minutes,
// as Market makes updates.
func Bars(seed uint64, size, count int) []Frame {
	var frames []Frame
	seconds, minutes := bars(seed, size, (count+1)/2, time.Second), bars(seed, size, count/2, time.Minute)
	for i := range count {
		if i%2 == 0 {
			frames = append(frames, seconds[i/2])
		} else {
			frames = append(frames, minutes[i/2])
		}
	}
	return frames
}

func bars(seed uint64, size, count int, interval time.Duration) []Frame {
	c := NewChart(seed, interval)
	orders := &orders{random: c.node.random, take: c.Take}
	var frames []Frame
	run(seed, c.node.random, calmMicros, orders.add, func(int) bool {
		if f := c.Frame(size); f != nil {
			frames = append(frames, f)
		}
		return len(frames) < count
	})
	return frames
}
