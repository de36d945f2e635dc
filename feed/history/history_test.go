package history

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"tickwire/feed"
)

// base is the start of an hour; the tables below count from it.
const base = int64(1_723_161_600_000_000)

// play gives h events such as "12.5s 100.50 2", a trade, and "close 1m", Close,
// in the order of their seqs from 1 on, each parted from the next by "; ".
func play(t *testing.T, h *History, events string) {
	t.Helper()
	for n, event := range strings.Split(events, "; ") {
		words := append(strings.Fields(event), "")
		if words[0] == "close" {
			h.Close(base + microseconds(t, words[1]))
			continue
		}
		h.Add(&feed.Tick{Time: base + microseconds(t, words[0]), Price: feed.Number(words[1]), Size: feed.Number(words[2])}, int64(n+1))
	}
}

func microseconds(t *testing.T, duration string) int64 {
	t.Helper()
	d, err := time.ParseDuration(duration)
	if err != nil {
		t.Fatal(err)
	}
	return d.Microseconds()
}

func TestRulesOfBars(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		events   string
		interval Interval
		want     []string // the start is left out where there is one bar
	}{
		{"a trade opens, closes and is all of its bar", "0s 100 2", Second, []string{"o 100 h 100 l 100 c 100 v 2 k 1 running"}},
		{"a bar of a minute has what is in its running second", "1s 100 2; 1.5s 99 1", Minute, []string{"o 100 h 100 l 99 c 99 v 3 k 2 running"}},
		{"so has one of an hour", "0s 100 2; 1s 98 1; 61s 99 1; 301s 101 1", Hour, []string{"o 100 h 101 l 98 c 101 v 5 k 4 running"}},
		{"a trade of a later interval closes a bar", "59s 100 1; 60s 101 1", Minute,
			[]string{"0s o 100 h 100 l 100 c 100 v 1 k 1 closed", "1m0s o 101 h 101 l 101 c 101 v 1 k 1 running"}},
		{"Close at its end closes a bar", "59s 100 1; close 60s", Minute, []string{"o 100 h 100 l 100 c 100 v 1 k 1 closed"}},
		{"Close before its end does not", "59s 100 1; close 59.999999s", Minute, []string{"o 100 h 100 l 100 c 100 v 1 k 1 running"}},
		{"a bar that begins behind the clock is born closed", "0s 100 1; close 10s; 5s 101 1", Second,
			[]string{"0s o 100 h 100 l 100 c 100 v 1 k 1 closed", "5s o 101 h 101 l 101 c 101 v 1 k 1 closed"}},
		{"a trade after Close still counts", "0s 100 1; close 60s; 59s 101 1", Minute, []string{"o 100 h 101 l 100 c 101 v 2 k 2 closed"}},
		{"an interval without a trade has no bar", "0s 100 1; 3m 101 1", Minute,
			[]string{"0s o 100 h 100 l 100 c 100 v 1 k 1 closed", "3m0s o 101 h 101 l 101 c 101 v 1 k 1 running"}},
		{"a late trade makes the bar that was not there", "0s 100 1; 3m 101 1; 61s 99 1", Minute,
			[]string{"0s o 100 h 100 l 100 c 100 v 1 k 1 closed", "1m0s o 99 h 99 l 99 c 99 v 1 k 1 closed", "3m0s o 101 h 101 l 101 c 101 v 1 k 1 running"}},
		{"a late trade changes the bar that is there", "30s 100 1; 3m 101 1; 10s 99 1", Minute,
			[]string{"0s o 99 h 100 l 99 c 100 v 2 k 2 closed", "3m0s o 101 h 101 l 101 c 101 v 1 k 1 running"}},
		{"a late second lies in the running minute", "10s 100 1; 5s 99 1", Minute, []string{"o 99 h 100 l 99 c 100 v 2 k 2 running"}},
		{"a late minute lies in the running hour", "10m 100 1; 5m 99 1", Hour, []string{"o 99 h 100 l 99 c 100 v 2 k 2 running"}},
		{"of trades at one time the first opens and the last closes", "0s 100 1; 0s 101 1; 0s 102 1", Second, []string{"o 100 h 102 l 100 c 102 v 3 k 3 running"}},
		{"open and close go by event time within a second", "0.5s 100 1; 0.1s 99 1; 0.3s 98 1", Second, []string{"o 99 h 100 l 98 c 100 v 3 k 3 running"}},
		{"prices have the places of the finest", "0s 100 1; 0.1s 100.50 0.5", Second, []string{"o 100.00 h 100.50 l 100.00 c 100.50 v 1.5 k 2 running"}},
		{"trailing zeros stay", "0s 100.500 1.50", Second, []string{"o 100.500 h 100.500 l 100.500 c 100.500 v 1.50 k 1 running"}},
		{"each bar has places of its own", "0s 100.500 1.50; 1s 100.5 1", Second,
			[]string{"0s o 100.500 h 100.500 l 100.500 c 100.500 v 1.50 k 1 closed", "1s o 100.5 h 100.5 l 100.5 c 100.5 v 1 k 1 running"}},
		{"a trade without a size counts with none", "0s 100 1.5; 0.1s 101", Second, []string{"o 100 h 101 l 100 c 101 v 1.5 k 2 running"}},
		{"prices may be negative", "0s -37.63 1; 0.1s -40 1", Second, []string{"o -37.63 h -37.63 l -40.00 c -40.00 v 2 k 2 running"}},
		{"a price of 38 digits", "0s 12345678901234567890123456789.123456789 1; 0.1s 1 1", Second,
			[]string{"o 12345678901234567890123456789.123456789 h 12345678901234567890123456789.123456789 l 1.000000000 c 1.000000000 v 2 k 2 running"}},
		{"a volume beyond 64 bits", "0s 1 9000000000000000000; 0.1s 1 9000000000000000000", Second, []string{"o 1 h 1 l 1 c 1 v 18000000000000000000 k 2 running"}},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			var h History
			play(t, &h, tc.events)
			var got []string
			for b := range h.Changed(tc.interval, 0) {
				state := map[bool]string{true: "closed", false: "running"}[b.Closed]
				got = append(got, fmt.Sprintf("%s %s", figuresText(&b.Figures), state))
				if len(tc.want) > 1 {
					got[len(got)-1] = fmt.Sprintf("%v %s", time.Duration(b.Start-base)*time.Microsecond, got[len(got)-1])
				}
			}
			compareTexts(t, tc.interval.String(), got, tc.want)
		})
	}
}

func TestVersionsTellWhatChanged(t *testing.T) {
	var h History
	for _, tc := range []struct {
		scenario string
		events   string
		want     string // the bars told anew, by interval and second of their start
	}{
		{"the first trade", "59s 100 1", "1s:59 1m:0 5m:0 1h:0"},
		{"one of the same second", "59s 100 1", "1s:59 1m:0 5m:0 1h:0"},
		{"nothing", "close 59.9s", ""},
		{"the end of the minute", "close 60s", "1s:59 1m:0"},
		{"the same again", "close 60s", ""},
		{"a trade of a new minute, the old one being closed", "61s 100 1", "1s:61 1m:60 5m:0 1h:0"},
		{"a trade of a new second", "62s 100 1", "1s:61 1s:62 1m:60 5m:0 1h:0"},
		{"a late trade of the old minute", "7s 100 1", "1s:7 1m:0 5m:0 1h:0"},
		{"a trade of a new five minutes", "301s 100 1", "1s:62 1s:301 1m:60 1m:300 5m:0 5m:300 1h:0"},
		{"a late trade of the running five minutes, before the running minute", "300s 100 1", "1s:300 1m:300 5m:300 1h:0"},
	} {
		before := h.Version()
		play(t, &h, tc.events)
		var told []string
		for i := range Intervals {
			for b := range h.Changed(i, before) {
				told = append(told, fmt.Sprintf("%v:%d", i, (b.Start-base)/lengths[Second]))
			}
		}
		if got := strings.Join(told, " "); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.scenario, got, tc.want)
		}
		if rose := h.Version() > before; rose != (tc.want != "") {
			t.Errorf("%s: version rose: got %v", tc.scenario, rose)
		}
	}
}

func TestRulesOfTheDay(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		events   string
		want     string
	}{
		{"one trade", "0s 100 2", "o 100 h 100 l 100 c 100 v 2 k 1 w 100.00 c 0 cp 0.0000"},
		{"the mean is weighted and rounded to two more places", "0s 100 1; 1s 101 2", "o 100 h 101 l 100 c 101 v 3 k 2 w 100.67 c 1 cp 1.0000"},
		{"half is rounded away from zero", "0s 0.01 7; 1s 0.02 1", "o 0.01 h 0.02 l 0.01 c 0.02 v 8 k 2 w 0.0113 c 0.01 cp 100.0000"},
		{"also below zero", "0s -0.01 7; 1s -0.02 1", "o -0.01 h -0.01 l -0.02 c -0.02 v 8 k 2 w -0.0113 c -0.01 cp 100.0000"},
		{"without volume there is no mean", "0s 100; 1s 99", "o 100 h 100 l 99 c 99 v 0 k 2 w  c -1 cp -1.0000"},
		{"from 0 there is no percent", "0s 0 1; 1s 5 1", "o 0 h 5 l 0 c 5 v 2 k 2 w 2.50 c 5 cp "},
		{"the first minute of 1440 counts", "0s 90 1; 23h59m59.9s 100 1", "o 90 h 100 l 90 c 100 v 2 k 2 w 95.00 c 10 cp 11.1111"},
		{"the one before does not", "59.9s 90 1; 60s 95 1; 24h 100 1", "o 95 h 100 l 95 c 100 v 2 k 2 w 97.50 c 5 cp 5.2632"},
		{"a late trade before the day does not count", "0s 90 1; 25h 100 1; 1s 80 1", "o 100 h 100 l 100 c 100 v 1 k 1 w 100.00 c 0 cp 0.0000"},
		{"a late trade in it does", "0s 90 1; 25h 100 1; 2h 80 1", "o 80 h 100 l 80 c 100 v 2 k 2 w 90.00 c 20 cp 25.0000"},
		{"places are those of the finest price in it", "0s 90.125 1; 25h 100 1", "o 100 h 100 l 100 c 100 v 1 k 1 w 100.00 c 0 cp 0.0000"},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			var h History
			for event := range strings.SplitSeq(tc.events, "; ") {
				play(t, &h, event)
				h.Day() // so that the last one rests on what was kept
			}
			_, got, _ := strings.Cut(dayText(&h), " o ")
			if got = "o " + got; got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestATickWithoutAPriceIsIgnored(t *testing.T) {
	var h History
	h.Add(&feed.Tick{Time: base, Bid: feed.Number("1")}, 1)
	if _, ok := h.Day(); ok || h.Version() != 0 || h.Ordinal() != 0 {
		t.Errorf("got version %d, %d trades, a day: %v; want nothing", h.Version(), h.Ordinal(), ok)
	}
	if _, ok := h.Oldest(); ok {
		t.Error("Oldest: got a trade, want none")
	}
	if _, ok := h.After(0); ok {
		t.Error("After: got a trade, want none")
	}
	for i := range Intervals {
		if _, ok := h.Reach(i); ok {
			t.Errorf("%v: got a bar, want none", i)
		}
	}
}

func TestEventTimesAheadOfReceiptCountInNoBar(t *testing.T) {
	const minute = int64(60_000_000)
	for _, tc := range []struct {
		scenario string
		ahead    int64
		received int64
		bars     uint64 // trades in bars
		day      uint64
	}{
		{"by a minute", minute, base, 2, 2},
		{"by more", minute + 1, base, 1, 1},
		{"by a year, the receipt being unknown", 365 * 24 * 60 * minute, 0, 2, 1},
		{"not at all", -minute, base, 2, 2},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			var h History
			h.Add(&feed.Tick{Time: base - 2*minute, Price: feed.Number("1")}, 1)
			h.Add(&feed.Tick{Time: base + tc.ahead, Price: feed.Number("2"), Received: tc.received}, 2)
			bars := uint64(0)
			for b := range h.Changed(Minute, 0) {
				bars += b.Count()
			}
			day, _ := h.Day()
			if bars != tc.bars || day.Count() != tc.day || h.Ahead() != 2-tc.bars || h.Ordinal() != 2 {
				t.Errorf("got %d in bars, %d in the day, %d ahead, %d trades; want %d, %d, %d, 2",
					bars, day.Count(), h.Ahead(), h.Ordinal(), tc.bars, tc.day, 2-tc.bars)
			}
		})
	}
}

func TestLateTradesOlderThanASeriesAreCounted(t *testing.T) {
	h := History{Limits: &Limits{Bars: [Intervals]int{2, 2, 2, 2}}}
	play(t, &h, "61s 100 1; 62s 100 1; 121s 100 1; 122s 100 1; 10s 100 1")
	for i, want := range [Intervals]uint64{1, 1, 0, 0} {
		if got := h.Late(Interval(i)); got != want {
			t.Errorf("Late(%v): got %d, want %d", Interval(i), got, want)
		}
	}
	for b := range h.Changed(Hour, 0) {
		if b.Count() != 5 {
			t.Errorf("trades in the hour: got %d, want 5", b.Count())
		}
	}
}

func TestTradesWhenSeqFalls(t *testing.T) {
	var h History
	for _, seq := range []int64{100, 101, 5, 6, 7} {
		h.Add(&feed.Tick{Time: base, Price: feed.Number("1")}, seq)
	}
	for _, tc := range []struct{ seq, want int64 }{{0, 5}, {4, 5}, {5, 6}, {6, 7}} {
		if got, ok := h.After(tc.seq); !ok || got.Seq != tc.want {
			t.Errorf("After(%d): got %v, want seq %d", tc.seq, got, tc.want)
		}
	}
	for _, seq := range []int64{7, 100} {
		if got, ok := h.After(seq); ok {
			t.Errorf("After(%d): got %v, want none", seq, got)
		}
	}
	var seqs []int64
	for trade := range h.Trades(1) {
		seqs = append(seqs, trade.Seq)
	}
	if want := []int64{101, 5, 6, 7}; !slices.Equal(seqs, want) {
		t.Errorf("Trades(1): got %d, want %d", seqs, want)
	}
}

func TestATradeKeepsWhatTheTickSaid(t *testing.T) {
	for _, tc := range []struct {
		scenario, price, size string
		odd                   bool
	}{
		{"usual numbers", "67123.45", "0.0123", false},
		{"trailing zeros", "61000.00000000", "1.500", false},
		{"whole numbers", "5", "10", false},
		{"no size", "5.0", "", false},
		{"zeros", "0.00", "0", false},
		{"below zero", "-37.63", "0.5", false},
		{"between 0 and -1", "-0.05", "1", false},
		{"the largest that fits", "9223372036854775807", "0.000000000000000001", false},
		{"negative zero", "-0.00", "1.500", true},
		{"negative zero without a size", "-0", "", true},
		{"a price of more than 64 bits", "9223372036854775808", "1.50", true},
		{"a size of more than 64 bits", "1.50", "123456789012345678901234567890.00000001", true},
		{"a price that does not fit, without a size", "0.0000000000000000001", "", true},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			var h History
			text := []byte(tc.price + tc.size)
			h.Add(&feed.Tick{Time: base, Price: text[:len(tc.price)], Size: text[len(tc.price):], Side: feed.Sell, Received: base + 7}, 42)
			clear(text)
			got, ok := h.Oldest()
			if !ok || string(got.Price()) != tc.price || string(got.Size()) != tc.size || got.Side != feed.Sell || got.Received != base+7 ||
				got.Seq != 42 || got.Ordinal != 1 || got.Time != base {
				t.Errorf("got %s %s %c %d %d %d %d", got.Price(), got.Size(), got.Side, got.Received, got.Seq, got.Ordinal, got.Time)
			}
			if odd := len(h.odd) == 1; odd != tc.odd {
				t.Errorf("text kept aside: got %v, want %v", odd, tc.odd)
			}
		})
	}
}

// TestATextIsForgottenWithItsTrade: what is kept beside the ring is bounded by
// it.
func TestATextIsForgottenWithItsTrade(t *testing.T) {
	h := History{Limits: &Limits{Trades: 5}}
	for i := range int64(40) {
		price := feed.Number("12345678901234567890.5")
		if i >= 20 && i%2 == 0 || i >= 36 {
			price = feed.Number("1.25")
		}
		h.Add(&feed.Tick{Time: base, Price: price}, i)
		want := 0
		for trade := range h.Trades(0) {
			if len(trade.Price()) > 4 {
				want++
			}
		}
		if len(h.odd) != want || want > 5 {
			t.Fatalf("after %d trades: got %d texts, want %d", i+1, len(h.odd), want)
		}
	}
	if len(h.odd) != 1 {
		t.Errorf("got %d texts at the end, want 1", len(h.odd))
	}
}

// TestNodesAgree: one node is read and told the time, the other is neither; a
// closing apart they hold the same.
func TestNodesAgree(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	ticks := &market{r: r, now: base, wild: 30, late: 5}
	var one, other History
	for range 3000 {
		tick, seq := ticks.tick()
		tick.Received = 0
		one.Add(tick, seq)
		other.Add(tick, seq)
		if r.IntN(5) == 0 {
			one.Close(ticks.now + r.Int64N(2_000_000))
			one.Day()
		}
	}
	one.Close(ticks.now + 10*lengths[Hour])
	other.Close(ticks.now + 10*lengths[Hour])
	for i := range Intervals {
		var got, want []string
		for b := range one.Changed(i, 0) {
			got = append(got, textOf(&b))
		}
		for b := range other.Changed(i, 0) {
			want = append(want, textOf(&b))
		}
		compareTexts(t, i.String(), got, want)
	}
	if got, want := dayText(&one), dayText(&other); got != want {
		t.Errorf("Day:\n got %s\nwant %s", got, want)
	}
}

func TestNothingAllocatesInSteadyState(t *testing.T) {
	h, orderly := full(), newOrderly(300_000)
	got := 0
	for _, tc := range []struct {
		scenario string
		do       func()
	}{
		{"a trade", func() {}},
		{"Close", func() { h.Close(orderly.tick.Time) }},
		{"Day", func() { h.Day() }},
		{"Changed", func() {
			for b := range h.Changed(Minute, h.Version()-1) {
				got += int(b.Count())
			}
		}},
		{"Bars", func() {
			for b := range h.Bars(FiveMinutes, 0, orderly.tick.Time, 10) {
				got += int(b.Count())
			}
		}},
		{"Trades", func() {
			for trade := range h.Trades(h.Ordinal() - 5) {
				got += len(trade.Price())
			}
		}},
		{"After", func() {
			trade, _ := h.After(orderly.seq - 1)
			got += len(trade.Size())
		}},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			if n := testing.AllocsPerRun(1000, func() { h.Add(orderly.next()); tc.do() }); n != 0 {
				t.Errorf("allocations: got %v, want 0", n)
			}
		})
	}
	if got == 0 {
		t.Error("nothing was read")
	}
}

// TestMemoryOfASymbol bounds what a symbol costs, by the default limits.
func TestMemoryOfASymbol(t *testing.T) {
	one := &History{}
	play(t, one, "0s 61000.00 0.5")
	for _, tc := range []struct {
		scenario string
		h        *History
		most     uintptr // bytes
	}{
		{"with one trade", one, 1200},
		{"full", full(), 300_000},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			tc.h.Day()
			got := unsafe.Sizeof(*tc.h) + unsafe.Sizeof(*tc.h.day) + uintptr(cap(tc.h.trades.buf))*unsafe.Sizeof(packed{})
			for i := range Intervals {
				got += uintptr(cap(tc.h.series[i].buf)) * unsafe.Sizeof(bar{})
			}
			t.Logf("%d bytes", got)
			if got > tc.most {
				t.Errorf("got %d bytes, want at most %d", got, tc.most)
			}
		})
	}
}

// TestWhatDoesNotFitIsForgottenWithItsBar: what a series keeps beside its ring
// is bounded too.
func TestWhatDoesNotFitIsForgottenWithItsBar(t *testing.T) {
	h := History{Limits: &Limits{Bars: [Intervals]int{3, 3, 3, 3}}}
	for i := range int64(50) {
		tick := feed.Tick{Time: base + i*lengths[Hour], Price: feed.Number("12345678901234567890.5"), Size: feed.Number("1")}
		h.Add(&tick, i)
		tick.Time -= 3 * lengths[Hour] / 2
		h.Add(&tick, i)
	}
	for i := range Intervals {
		if got := len(h.series[i].exact); got > 3 {
			t.Errorf("%v: got %d bars in decimals, want at most 3", i, got)
		}
	}
}

func TestIntervals(t *testing.T) {
	for i, want := range []string{"1s 1s", "1m 1m0s", "5m 5m0s", "1h 1h0m0s"} {
		if got := fmt.Sprint(Interval(i), " ", Interval(i).Duration()); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
