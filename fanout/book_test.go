package fanout

import (
	"fmt"
	"sync"
	"testing"

	"tickwire/feed"
	"tickwire/feed/history"
)

func TestApply(t *testing.T) {
	tick := func(record string) *feed.Tick {
		var tick feed.Tick
		if err := feed.Decode(&tick, []byte(record)); err != nil {
			t.Fatalf("%s: %v", record, err)
		}
		return &tick
	}
	for _, tc := range []struct {
		scenario string
		records  []string
		want     string
	}{
		{"a trade", []string{`{"s":"A","t":5,"p":"1.50","z":"2.0"}`}, `{"s":"A","q":0,"n":1,"t":5,"p":"1.50","z":"2.0","b":"","a":"","v":"2.0"}`},
		{"a quote keeps the last trade", []string{`{"s":"A","t":5,"p":"1.50","z":"2"}`, `{"s":"A","t":6,"b":"1","bz":"7","a":"2","az":"8"}`}, `{"s":"A","q":1,"n":2,"t":6,"p":"1.50","z":"2","b":"1","a":"2","v":"2"}`},
		{"half a quote keeps the other half", []string{`{"s":"A","t":5,"b":"1","a":"2"}`, `{"s":"A","t":6,"b":"1.1"}`}, `{"s":"A","q":1,"n":2,"t":6,"p":"","z":"","b":"1.1","a":"2","v":"0"}`},
		{"sizes add up exactly", []string{`{"s":"A","t":5,"p":"1","z":"0.1"}`, `{"s":"A","t":6,"p":"1","z":"0.20"}`}, `{"s":"A","q":1,"n":2,"t":6,"p":"1","z":"0.20","b":"","a":"","v":"0.30"}`},
		{"the order is the log's, not the clock's", []string{`{"s":"A","t":9,"p":"1"}`, `{"s":"A","t":3,"p":"2"}`}, `{"s":"A","q":1,"n":2,"t":3,"p":"2","z":"","b":"","a":"","v":"0"}`},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			b := newBook(feed.NewSymbols(10))
			for i, r := range tc.records {
				if _, _, what := b.apply(tick(r), feed.Position{Offset: int64(i)}); what > First {
					t.Fatalf("record %d: got %v", i, what)
				}
			}
			text, _, _ := b.slot(0).read(nil, "A", false)
			if string(text) != tc.want {
				t.Errorf("\n got %s\nwant %s", text, tc.want)
			}
		})
	}
}

// fullAtOnce keeps so little of a symbol that nothing grows after its first
// trade.
var fullAtOnce = history.Limits{Trades: 1, Bars: [history.Intervals]int{1, 1, 1, 1}}

func TestDecodeAndApplyDoNotAllocate(t *testing.T) {
	h := New(Config{Shards: 1, History: fullAtOnce})
	defer h.Close()
	records := benchRecords(100)
	var tick feed.Tick
	offset := int64(0)
	next := func() {
		if err := feed.Decode(&tick, records[offset%100]); err != nil {
			t.Fatal(err)
		}
		h.Apply(&tick, feed.Position{Offset: offset})
		offset++
	}
	for range records {
		next()
	}
	if got := testing.AllocsPerRun(1000, next); got != 0 {
		t.Errorf("allocations per tick: got %v, want 0", got)
	}
}

func TestDirtySetLosesNothing(t *testing.T) {
	const limit, rounds = 10_000, 200
	d := newDirtySet(limit)
	var added [limit]int // by one goroutine each
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for r := range rounds {
				for i := w; i < limit; i += 4 * (1 + r%7) {
					d.add(uint32(i))
					added[i]++
				}
			}
		})
	}
	taken := make(map[uint32]bool)
	done := make(chan struct{})
	go func() { writers.Wait(); close(done) }()
	for finished := false; !finished; {
		select {
		case <-done:
			finished = true
		default:
		}
		d.take(func(i uint32) { taken[i] = true })
	}
	for i, n := range added {
		if (n > 0) != taken[uint32(i)] {
			t.Errorf("%d was added %d times, taken: %v", i, n, taken[uint32(i)])
		}
	}
	d.take(func(i uint32) { t.Errorf("%d is still in the set", i) })
}

// benchRecords are n symbols' ticks, trade and quote together.
func benchRecords(n int) [][]byte {
	records := make([][]byte, n)
	for i := range records {
		records[i] = fmt.Appendf(nil, `{"s":"SYM%d-USD","t":1732242000123456,"p":"67123.45","z":"0.0123","d":"b","b":"67123.44","bz":"1.2","a":"67123.46","az":"0.8"}`, i)
	}
	return records
}

// BenchmarkTick is what a tick costs from its record's bytes to the Book,
// by the number of symbols.
func BenchmarkTick(b *testing.B) {
	for _, symbols := range []int{100, 2_000} {
		b.Run(fmt.Sprintf("symbols=%d", symbols), func(b *testing.B) {
			h := New(Config{Shards: 1})
			defer h.Close()
			records := benchRecords(symbols)
			var tick feed.Tick
			offset := int64(0)
			b.ReportAllocs()
			for b.Loop() {
				if err := feed.Decode(&tick, records[offset%int64(symbols)]); err != nil {
					b.Fatal(err)
				}
				h.Apply(&tick, feed.Position{Offset: offset})
				offset++
			}
		})
	}
}
