package main

import (
	"tickwire/fanout/splice"
	"tickwire/fanout/splice/internal/sample"
	"tickwire/fanout/wire"
)

const (
	trainSeed   = 1
	heldOutSeed = 2
	frames      = 200 // of each size
	rounds      = 3   // which matches are worth it depends on the code, and the code on them
)

// weights is for how many frames of each size the code is made. Small frames
// are mostly header, so they pull towards a header that is short.
var weights = []struct{ updates, times int }{{3, 4}, {20, 1}}

// trainer seeks the code for messages of one layout.
type trainer struct {
	message string // the name of its table
	layout  splice.Layout
	frames  func(seed uint64, size, count int) []sample.Frame
	log     func(format string, args ...any)
}

// trainers has one for each message.
func trainers(logf func(format string, args ...any)) []*trainer {
	bars := wire.Head(wire.Bars1m, false, 0)
	return []*trainer{
		{"ticker", splice.TickerLayout(wire.DataFoot, wire.TickerHead, wire.SnapshotHead), sample.Market, logf},
		{"trades", splice.TradesLayout(wire.DataFoot, wire.TradesHead), sample.Trades, logf},
		{"bars", splice.BarsLayout(wire.DataFoot, bars), sample.Bars, logf},
	}
}

func (t *trainer) train() (*splice.Lengths, error) {
	samples := make([][]sample.Frame, len(weights))
	for i, w := range weights {
		samples[i] = t.frames(trainSeed, w.updates, frames)
	}
	symbols := codedSymbols(t.layout.Longest())
	lengths := symbols.firstLengths()
	for round := range rounds {
		c, err := t.count(lengths, samples)
		if err != nil {
			return nil, err
		}
		before := c.bits(lengths)
		lengths = symbols.search(c)
		t.log("%s: round %d: %d bits, then %d, of which each frame's header %d", t.message, round+1, before, c.bits(lengths), lengths.HeaderSize())
	}
	return lengths, nil
}

// count tallies the samples as they are with lengths.
func (t *trainer) count(lengths *splice.Lengths, samples [][]sample.Frame) (*tally, error) {
	table, err := splice.NewTable(t.layout, lengths)
	if err != nil {
		return nil, err
	}
	c := &tally{}
	for i, w := range weights {
		for _, f := range samples[i] {
			payload, err := frame(table, f)
			if err != nil {
				return nil, err
			}
			if err := c.add(payload, lengths, w.times); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

// evaluate says what frames come to, of the data that the code was made for and
// of data that it was not.
func (t *trainer) evaluate(lengths *splice.Lengths) error {
	table, err := splice.NewTable(t.layout, lengths)
	if err != nil {
		return err
	}
	for _, updates := range []int{1, 3, 10, 20, 50, 200} {
		var size [2]float64
		for i, seed := range []uint64{trainSeed, heldOutSeed} {
			for _, f := range t.frames(seed, updates, frames) {
				payload, err := frame(table, f)
				if err != nil {
					return err
				}
				size[i] += float64(len(payload)) / float64(frames*updates)
			}
		}
		t.log("%s: %3d updates a frame: %.2f bytes an update where it was trained, %.2f where not", t.message, updates, size[0], size[1])
	}
	return nil
}

// frame is the payload of a message with the updates and the first head.
func frame(t *splice.Table, updates sample.Frame) ([]byte, error) {
	segments := make([]*splice.Segment, len(updates))
	for i, u := range updates {
		segments[i] = new(splice.Segment)
		if !t.Encode(segments[i], u) {
			return nil, errShape
		}
	}
	return t.AppendFrame(nil, 0, segments), nil
}
