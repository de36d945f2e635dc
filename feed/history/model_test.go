package history

import (
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"tickwire/feed"
)

// model is a history in the plainest way: it keeps every trade and works
// everything out anew, in rational numbers.
type model struct {
	limits  Limits
	version uint64
	clock   int64
	trades  []dealt // all of them
	late    [Intervals]uint64
	ahead   uint64
	told    [Intervals]map[int64]toldBar
	worked  map[worked]string // out once: a bar only gains trades
}

// worked is a bar that has so many trades.
type worked struct {
	interval Interval
	start    int64
	trades   int
}

// dealt is a trade that the model was given.
type dealt struct {
	seq, time   int64
	price, size string
	side        feed.Side
	counts      bool // in the bars
}

// toldBar is a bar and the version at which it became what it is.
type toldBar struct {
	text    string
	version uint64
}

func newModel(l Limits) *model {
	m := &model{limits: l, worked: make(map[worked]string)}
	for i := range m.told {
		m.told[i] = make(map[int64]toldBar)
	}
	return m
}

func (m *model) add(t *feed.Tick, seq int64) {
	if len(t.Price) == 0 {
		return
	}
	m.version++
	d := dealt{seq, t.Time, string(t.Price), string(t.Size), t.Side, t.Received == 0 || t.Time-t.Received <= 60_000_000}
	m.trades = append(m.trades, d)
	if !d.counts {
		m.ahead++
	}
	for i := range Intervals {
		start := t.Time / i.Duration().Microseconds() * i.Duration().Microseconds()
		held := slices.Sorted(maps.Keys(m.told[i]))
		if d.counts && len(held) == m.limits.Bars[i] && start < held[0] {
			m.late[i]++
		}
	}
	m.tell()
}

func (m *model) close(now int64) (closed bool) {
	m.clock = max(m.clock, now)
	before := fmt.Sprint(m.told)
	m.version++
	m.tell()
	if fmt.Sprint(m.told) == before {
		m.version--
		return false
	}
	return true
}

// tell gives every bar that is not what it was the version of now.
func (m *model) tell() {
	for i := range Intervals {
		now := make(map[int64]toldBar)
		for start, trades := range m.bars(i) {
			key := worked{i, start, len(trades)}
			if m.worked[key] == "" {
				m.worked[key] = figuresOf(trades)
			}
			text := fmt.Sprintf("start %d seq %d closed %v %s", start, last(trades).seq, m.closed(i, start), m.worked[key])
			now[start] = m.told[i][start]
			if now[start].text != text {
				now[start] = toldBar{text, m.version}
			}
		}
		m.told[i] = now
	}
}

// bars are the trades that count, by the start of their interval, of the newest
// intervals.
func (m *model) bars(i Interval) map[int64][]dealt {
	length := i.Duration().Microseconds()
	groups := make(map[int64][]dealt)
	for _, d := range m.trades {
		if d.counts {
			groups[d.time/length*length] = append(groups[d.time/length*length], d)
		}
	}
	starts := slices.Sorted(maps.Keys(groups))
	for _, old := range starts[:max(0, len(starts)-m.limits.Bars[i])] {
		delete(groups, old)
	}
	return groups
}

func (m *model) closed(i Interval, start int64) bool {
	end := start + i.Duration().Microseconds()
	return m.clock >= end || slices.ContainsFunc(m.trades, func(d dealt) bool { return d.counts && d.time >= end })
}

// day is the text of a Day, "" if there is none.
func (m *model) day() string {
	newest := int64(0)
	for _, d := range m.trades {
		if d.counts {
			newest = max(newest, d.time)
		}
	}
	if newest == 0 {
		return ""
	}
	const minute = 60_000_000
	var trades []dealt
	held := m.bars(Minute)
	for _, d := range m.trades {
		start := d.time / minute * minute
		if _, ok := held[start]; ok && d.counts && start > newest/minute*minute-1440*minute {
			trades = append(trades, d)
		}
	}
	return fmt.Sprintf("seq %d time %d %s %s", last(trades).seq, newest, figuresOf(trades), ratiosOf(trades))
}

func last(trades []dealt) dealt { return trades[len(trades)-1] }

// prices are the trades' prices by event time, those of one time as they came,
// and the most places that one has.
func prices(trades []dealt) (all []*big.Rat, places int) {
	ordered := slices.Clone(trades)
	slices.SortStableFunc(ordered, func(a, b dealt) int { return int(a.time - b.time) })
	for _, d := range ordered {
		all = append(all, rational(d.price))
		places = max(places, placesOf(d.price))
	}
	return all, places
}

func figuresOf(trades []dealt) string {
	all, places := prices(trades)
	high := slices.MaxFunc(all, (*big.Rat).Cmp)
	low := slices.MinFunc(all, (*big.Rat).Cmp)
	volume, sizePlaces := new(big.Rat), 0
	for _, d := range trades {
		volume.Add(volume, rational(d.size))
		sizePlaces = max(sizePlaces, placesOf(d.size))
	}
	return fmt.Sprintf("o %s h %s l %s c %s v %s k %d", all[0].FloatString(places), high.FloatString(places),
		low.FloatString(places), all[len(all)-1].FloatString(places), volume.FloatString(sizePlaces), len(trades))
}

// ratiosOf are VWAP, change and percent. FloatString rounds as they must be.
func ratiosOf(trades []dealt) string {
	all, places := prices(trades)
	turnover, volume := new(big.Rat), new(big.Rat)
	for _, d := range trades {
		volume.Add(volume, rational(d.size))
		turnover.Add(turnover, new(big.Rat).Mul(rational(d.price), rational(d.size)))
	}
	vwap, percent := "", ""
	if volume.Sign() != 0 {
		vwap = new(big.Rat).Quo(turnover, volume).FloatString(places + 2)
	}
	change := new(big.Rat).Sub(all[len(all)-1], all[0])
	if all[0].Sign() != 0 {
		hundredth := new(big.Rat).Quo(all[0], big.NewRat(100, 1))
		percent = new(big.Rat).Quo(change, hundredth).FloatString(4)
	}
	return fmt.Sprintf("w %s c %s cp %s", vwap, change.FloatString(places), percent)
}

func rational(number string) *big.Rat {
	if number == "" {
		return new(big.Rat)
	}
	r, ok := new(big.Rat).SetString(number)
	if !ok {
		panic("not a number: " + number)
	}
	return r
}

func placesOf(number string) int {
	_, fraction, _ := strings.Cut(number, ".")
	return len(fraction)
}

// textOf writes a Bar as the model does.
func textOf(b *Bar) string {
	return fmt.Sprintf("start %d seq %d closed %v %s", b.Start, b.Seq, b.Closed, figuresText(&b.Figures))
}

func figuresText(f *Figures) string {
	return fmt.Sprintf("o %s h %s l %s c %s v %s k %d", f.AppendOpen(nil), f.AppendHigh(nil), f.AppendLow(nil), f.AppendClose(nil),
		f.AppendVolume(nil), f.Count())
}

func dayText(h *History) string {
	d, ok := h.Day()
	if !ok {
		return ""
	}
	return fmt.Sprintf("seq %d time %d %s w %s c %s cp %s", d.Seq, d.Time, figuresText(&d.Figures),
		d.AppendVWAP(nil), d.AppendChange(nil), d.AppendPercent(nil))
}

// market makes up ticks.
type market struct {
	r    *rand.Rand
	seq  int64
	now  int64 // event time
	wild int   // one number in so many is of any shape; 0: none
	late int   // one trade in so many is late
}

// pace is how far event time goes between two trades: mostly little.
var pace = []int64{0, 0, 1, 1000, 200_000, 1_000_000, 20_000_000, 70_000_000, 3_600_000_000}

func (m *market) tick() (*feed.Tick, int64) {
	m.seq += 1 + m.r.Int64N(3)
	t := &feed.Tick{Symbol: []byte("X"), Side: [...]feed.Side{feed.NoSide, feed.Buy, feed.Sell}[m.r.IntN(3)]}
	if m.r.IntN(10) == 0 {
		t.Time, t.Bid = m.now, feed.Number("1")
		return t, m.seq
	}
	m.now += m.r.Int64N(1 + pace[m.r.IntN(len(pace))])
	t.Time = m.now
	switch {
	case m.r.IntN(m.late) == 0:
		t.Time -= m.r.Int64N(1 + 3*pace[m.r.IntN(len(pace))])
	case m.r.IntN(20) == 0:
		t.Time += 60_000_000 + m.r.Int64N(2)
		t.Received = m.now
	}
	t.Price = m.price()
	if m.r.IntN(8) != 0 {
		t.Size = m.size()
	}
	return t, m.seq
}

func (m *market) price() feed.Number {
	if m.wild != 0 && m.r.IntN(m.wild) == 0 {
		return randomNumber(m.r, m.r.IntN(2) == 0)
	}
	return fixed(m.r.Int64N(2000)-100, m.r.IntN(3))
}

func (m *market) size() feed.Number {
	if m.wild != 0 && m.r.IntN(m.wild) == 0 {
		return randomNumber(m.r, false)
	}
	return fixed(m.r.Int64N(100_000), m.r.IntN(6))
}

func fixed(units int64, places int) feed.Number {
	return appendUnits(nil, units, uint8(places))
}

// randomNumber has up to 38 digits, most often about as many as 64 bits.
func randomNumber(r *rand.Rand, negative bool) feed.Number {
	digits := 1 + r.IntN(38)
	if r.IntN(2) == 0 {
		digits = 16 + r.IntN(6)
	}
	text := make([]byte, digits)
	for i := range text {
		text[i] = byte('0' + r.IntN(10))
	}
	if point := 1 + r.IntN(digits); point < digits {
		text = slices.Insert(text, point, '.')
	}
	if text[0] == '0' && len(text) > 1 && text[1] != '.' {
		text[0] = '7'
	}
	if negative && len(text) < feed.MaxNumber {
		text = slices.Insert(text, 0, '-')
	}
	return text
}

// TestHistoryEqualsTheModel drives both through the same ticks and closings, and
// compares all there is to read.
func TestHistoryEqualsTheModel(t *testing.T) {
	for _, tc := range []struct {
		scenario   string
		wild, late int
	}{
		{"numbers that fit, some trades late", 0, 6},
		{"now and then a number that does not fit", 20, 6},
		{"hardly a number that fits", 2, 10},
		{"most trades late", 40, 2},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			for range rounds(t) {
				seed := rand.Uint64()
				r := rand.New(rand.NewPCG(seed, 0))
				compareWithModel(t, seed, r, &market{r: r, now: 1_700_000_000_000_000 + r.Int64N(1e10), wild: tc.wild, late: tc.late})
				if t.Failed() {
					return
				}
			}
		})
	}
}

func rounds(t *testing.T) int {
	if testing.Short() {
		return 3
	}
	return 8
}

func compareWithModel(t *testing.T, seed uint64, r *rand.Rand, ticks *market) {
	l := Limits{Trades: 1 + r.IntN(20), Bars: [Intervals]int{1 + r.IntN(12), 1 + r.IntN(12), 1 + r.IntN(8), 1 + r.IntN(6)}}
	if r.IntN(2) == 0 {
		l.Bars[Minute] = 1440
	}
	h, m := &History{Limits: &l}, newModel(l)
	for step := range 200 {
		if r.IntN(6) == 0 {
			now := ticks.now + r.Int64N(100_000_000) - 50_000_000
			if got, want := h.Close(now), m.close(now); got != want {
				t.Errorf("Close(%d): got %v, want %v", now, got, want)
			}
		} else {
			tick, seq := ticks.tick()
			h.Add(tick, seq)
			m.add(tick, seq)
		}
		compareTrades(t, r, h, m)
		if r.IntN(3) > 0 { // so that several trades wait to be counted
			continue
		}
		compareBars(t, r, h, m)
		if r.IntN(3) == 0 { // so that what is cached grows old
			if got, want := dayText(h), m.day(); got != want {
				t.Errorf("Day:\n got %s\nwant %s", got, want)
			}
		}
		if h.Version() != m.version || h.Ahead() != m.ahead {
			t.Errorf("got version %d and %d ahead, want %d and %d", h.Version(), h.Ahead(), m.version, m.ahead)
		}
		if t.Failed() {
			t.Fatalf("seed %d, step %d, limits %+v", seed, step, l)
		}
	}
}

func compareBars(t *testing.T, r *rand.Rand, h *History, m *model) {
	t.Helper()
	for i := range Intervals {
		starts := slices.Sorted(maps.Keys(m.told[i]))
		after := r.Uint64N(m.version + 2)
		var got, want []string
		for b := range h.Changed(i, after) {
			got = append(got, fmt.Sprint(textOf(&b), " version ", b.Version))
		}
		for _, start := range starts {
			if b := m.told[i][start]; b.version > after {
				want = append(want, fmt.Sprint(b.text, " version ", b.version))
			}
		}
		compareTexts(t, fmt.Sprintf("Changed(%v, %d)", i, after), got, want)
		if oldest, ok := h.Reach(i); ok != (len(starts) > 0) || ok && oldest != starts[0] {
			t.Errorf("Reach(%v): got %d, %v; want the first of %d", i, oldest, ok, starts)
		}
		if h.Late(i) != m.late[i] {
			t.Errorf("Late(%v): got %d, want %d", i, h.Late(i), m.late[i])
		}
		if len(starts) > 0 {
			compareRange(t, r, h, m, i, starts)
		}
	}
}

func compareRange(t *testing.T, r *rand.Rand, h *History, m *model, i Interval, starts []int64) {
	t.Helper()
	length := i.Duration().Microseconds()
	from := starts[r.IntN(len(starts))] + r.Int64N(3) - 1
	to := starts[r.IntN(len(starts))] + r.Int64N(2*length)
	limit := r.IntN(len(starts) + 2)
	var got, want []string
	for b := range h.Bars(i, from, to, limit) {
		got = append(got, textOf(&b))
	}
	for _, start := range starts {
		if from <= start && start < to {
			want = append(want, m.told[i][start].text)
		}
	}
	want = want[max(0, len(want)-limit):]
	compareTexts(t, fmt.Sprintf("Bars(%v, %d, %d, %d)", i, from, to, limit), got, want)
}

func compareTrades(t *testing.T, r *rand.Rand, h *History, m *model) {
	t.Helper()
	all := len(m.trades)
	oldest := max(0, all-m.limits.Trades)
	after := r.IntN(all + 2)
	var got, want []string
	for trade := range h.Trades(uint64(after)) {
		got = append(got, fmt.Sprint(trade.Ordinal, trade.Seq, trade.Time, trade.Side, " ", trade.Price(), trade.Size()))
	}
	for n := max(oldest, after); n < all; n++ {
		d := m.trades[n]
		want = append(want, fmt.Sprint(n+1, d.seq, d.time, d.side, " ", feed.Number(d.price), feed.Number(d.size)))
	}
	compareTexts(t, fmt.Sprintf("Trades(%d)", after), got, want)
	if all == 0 {
		return
	}
	if first, ok := h.Oldest(); !ok || h.Ordinal() != uint64(all) || first.Ordinal != uint64(oldest)+1 {
		t.Errorf("got ordinals %d to %d, want %d to %d", first.Ordinal, h.Ordinal(), oldest+1, all)
	}
	seq := m.trades[r.IntN(all)].seq + r.Int64N(3) - 1
	n := oldest + slices.IndexFunc(m.trades[oldest:], func(d dealt) bool { return d.seq > seq })
	switch first, ok := h.After(seq); {
	case ok != (n >= oldest):
		t.Errorf("After(%d): got %v, want number %d", seq, first, n)
	case ok && first.Ordinal != uint64(n)+1:
		t.Errorf("After(%d): got ordinal %d, want %d", seq, first.Ordinal, n+1)
	}
}

func compareTexts(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %s\nwant %s", what, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}
