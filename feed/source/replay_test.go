package source

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tickwire/feed"
)

// mustWrite writes a recording and returns its path. A name that ends in gz is
// written as gzip.
func mustWrite(tb testing.TB, name, text string) string {
	tb.Helper()
	data := []byte(text)
	if strings.HasSuffix(name, "gz") {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Write(data)
		w.Close()
		data = b.Bytes()
	}
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

func mustReplay(tb testing.TB, c ReplayConfig) *Replay {
	tb.Helper()
	r, err := NewReplay(c)
	if err != nil {
		tb.Fatalf("NewReplay(%+v): %v", c, err)
	}
	return r
}

// spotQuote is a Binance frame with the bid as its mark.
func spotQuote(bid int) string {
	return fmt.Sprintf(`{"u":5,"s":"BTCUSDT","b":"%d","B":"1","a":"9999","A":"1"}`, bid)
}

// quotesAt is a recording of quotes at seconds since a start, marked from first.
func quotesAt(first int, seconds ...float64) string {
	var b strings.Builder
	for i, s := range seconds {
		fmt.Fprintf(&b, "%d %s\n", 1_700_000_000_000_000_000+int64(s*1e9), spotQuote(first+i))
	}
	return b.String()
}

// bids runs r to its end and returns the marks of its quotes.
func bids(tb testing.TB, r *Replay) string {
	tb.Helper()
	var out []string
	if err := r.Run(tb.Context(), func(_ context.Context, t *feed.Tick) error {
		out = append(out, string(t.Bid))
		return nil
	}); err != nil {
		tb.Fatalf("Run: %v", err)
	}
	return strings.Join(out, " ")
}

func TestNewReplay(t *testing.T) {
	good := mustWrite(t, "good", quotesAt(1, 0))
	gz := mustWrite(t, "cut.gz", quotesAt(1, 0))
	whole, err := os.ReadFile(gz)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		scenario string
		config   ReplayConfig
		want     string // in the error
		is       error
	}{
		{scenario: "no files", config: ReplayConfig{}, want: "name at least one"},
		{scenario: "a negative speed", config: ReplayConfig{Files: []string{good}, Speed: -1}, want: "speed -1"},
		{scenario: "a speed that is no number", config: ReplayConfig{Files: []string{good}, Speed: math.NaN()}, want: "speed NaN"},
		{scenario: "an endless speed", config: ReplayConfig{Files: []string{good}, Speed: math.Inf(1)}, want: "speed +Inf"},
		{scenario: "a speed of nearly nothing", config: ReplayConfig{Files: []string{good}, Speed: 1e-300}, want: "speed 1e-300"},
		{scenario: "a file that is not there", config: ReplayConfig{Files: []string{good, good + "x"}}, want: good + "x", is: fs.ErrNotExist},
		{scenario: "a directory", config: ReplayConfig{Files: []string{t.TempDir()}}, want: "not a file"},
		{scenario: "an empty file", config: ReplayConfig{Files: []string{mustWrite(t, "empty", "")}}, want: "no frames"},
		{scenario: "blank lines", config: ReplayConfig{Files: []string{mustWrite(t, "blank", "\n\n")}}, want: "no frames"},
		{scenario: "a connection and no frame", config: ReplayConfig{Files: []string{mustWrite(t, "idle", "wss://ws.kraken.com <-> 1.5\n")}}, want: "no frames"},
		{scenario: "a CSV file", config: ReplayConfig{Files: []string{mustWrite(t, "csv", "time,price\n1,2\n")}}, want: "no known recording format", is: errLine},
		{scenario: "a line of a megabyte", config: ReplayConfig{Files: []string{mustWrite(t, "long", strings.Repeat("1", 2*MaxLine))}}, want: "no known recording format"},
		{scenario: "gzip of a CSV file", config: ReplayConfig{Files: []string{mustWrite(t, "csv.gz", "time,price\n1,2\n")}}, want: "no known recording format"},
		{scenario: "a gzip header alone", config: ReplayConfig{Files: []string{mustWrite(t, "head", string(whole[:5]))}}, want: "unexpected EOF"},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			_, err := NewReplay(tc.config)
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got error %v, want one line with %q", err, tc.want)
			}
			if tc.is != nil && !errors.Is(err, tc.is) {
				t.Errorf("got error %v, want it to be %v", err, tc.is)
			}
		})
	}
}

func TestReplayMergesByLocalTime(t *testing.T) {
	files := []string{
		mustWrite(t, "a.gz", quotesAt(100, 0, 3, 3, 8)),
		mustWrite(t, "b", quotesAt(200, 1, 3, 4)),
		mustWrite(t, "c.gz", "wss://stream.binance.com/ws <-> 1700000002.0\n1700000002.5: "+spotQuote(300)+"\n\n"),
	}
	const want = "100 200 300 101 102 201 202 103"
	for range 2 {
		if got := bids(t, mustReplay(t, ReplayConfig{Files: files})); got != want {
			t.Errorf("order: got %s, want %s", got, want)
		}
	}
}

func TestReplayCounts(t *testing.T) {
	path := mustWrite(t, "r.gz", strings.Join([]string{
		`wss://stream.binance.com/ws <-> 1700000000.1`,
		`wss://stream.binance.com/ws <- 1700000000.2: {"method":"SUBSCRIBE"}`,
		`1700000000.3: {"result":null,"id":1}`,
		`1700000000.4: ` + spotQuote(1),
		`1700000000.4: {"u":5,"s":"ABCXYZ","b":"1","B":"1","a":"2","A":"1"}`,
		`1700000000.4: {"u":5,"s":"ABCXYZ","b":"1","B":"1","a":"2","A":"1"}`,
		`1700000000.5: {"e":"kline"}`,
		`1700000000.5: {"e":"kline"}`,
		`1700000000.5: {"e":"a kind that is not printable as one word"}`,
		`1700000000.6: {"cut`,
		`1700000000.6: {"x":"` + strings.Repeat("x", MaxLine) + `"}`,
		`what is this`,
		``,
		`wss://ws.kraken.com <-> 1700000001`,
		`1700000001.1: {"event":"heartbeat"}`,
		`1700000001.2: [1,[["1","1","1700000001.0","s","l",""],["2","1","1700000001.0","s","l",""]],"trade","XBT/USD"]`,
		`wss://stream.bybit.com/realtime <-> 1700000002`,
		`1700000002.1: {"topic":"trade.BTCUSDT","data":[]}`,
	}, "\n"))
	r := mustReplay(t, ReplayConfig{Files: []string{path}})
	bids(t, r)
	want := Counts{
		Frames: 13, Ticks: 5, Undecodable: 3, Unsplit: 1,
		Passed: map[string]int64{"binance ack": 1, "binance kline": 2, "other": 1, "kraken heartbeat": 1, "stream.bybit.com frame": 1},
	}
	if got := r.Counts(); !reflect.DeepEqual(got, want) {
		t.Errorf("Counts:\n got %+v\nwant %+v", got, want)
	}
}

func TestReplayBoundsItsKinds(t *testing.T) {
	var text strings.Builder
	for i := range 2 * maxKinds {
		fmt.Fprintf(&text, "1700000000.3: {\"e\":\"kind%d\"}\n", i)
	}
	r := mustReplay(t, ReplayConfig{Files: []string{mustWrite(t, "kinds", text.String())}})
	bids(t, r)
	got := r.Counts()
	if len(got.Passed) != maxKinds+1 || got.Passed["other"] != maxKinds {
		t.Errorf("kinds: got %d, of which %d other; want %d and %d", len(got.Passed), got.Passed["other"], maxKinds+1, maxKinds)
	}
}

func TestReplaySaysWhereARecordingIsCut(t *testing.T) {
	path := mustWrite(t, "cut.gz", quotesAt(1, 0, 1, 2, 3))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, whole[:len(whole)-4], 0o600); err != nil {
		t.Fatal(err)
	}
	n := 0
	err = mustReplay(t, ReplayConfig{Files: []string{path}}).Run(t.Context(), func(context.Context, *feed.Tick) error { n++; return nil })
	if err == nil || !strings.Contains(err.Error(), path) || n != 4 {
		t.Errorf("Run of a cut recording: got %v after %d ticks, want an error that names it after 4", err, n)
	}
}

func TestReplayKeepsThePace(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		speed    float64
		seconds  []float64
		want     []time.Duration
	}{
		{"as recorded", 1, []float64{0, 0.5, 2, 2, 5}, []time.Duration{0, 500 * time.Millisecond, 2 * time.Second, 2 * time.Second, 5 * time.Second}},
		{"four times as fast", 4, []float64{0, 2, 4}, []time.Duration{0, 500 * time.Millisecond, time.Second}},
		{"half as fast", 0.5, []float64{0, 1}, []time.Duration{0, 2 * time.Second}},
		{"as fast as it goes", 0, []float64{0, 2, 4}, []time.Duration{0, 0, 0}},
		{"a long pause is cut", 1, []float64{0, 1e6, 1e6 + 1}, []time.Duration{0, MaxPause, MaxPause + time.Second}},
		{"a clock that went back", 1, []float64{5, 1, 2}, []time.Duration{0, 0, time.Second}},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			r := mustReplay(t, ReplayConfig{Files: []string{mustWrite(t, "paced", quotesAt(1, tc.seconds...))}, Speed: tc.speed})
			synctest.Test(t, func(t *testing.T) {
				start, got := time.Now(), []time.Duration(nil)
				if err := r.Run(t.Context(), func(context.Context, *feed.Tick) error {
					got = append(got, time.Since(start).Round(grain))
					return nil
				}); err != nil {
					t.Fatalf("Run: %v", err)
				}
				if !reflect.DeepEqual(got, tc.want) {
					t.Errorf("moments: got %v, want %v", got, tc.want)
				}
			})
		})
	}
}

func TestReplayLoopsWithRecordedTimes(t *testing.T) {
	for _, speed := range []float64{0, 1} {
		r := mustReplay(t, ReplayConfig{Files: []string{mustWrite(t, "loop", quotesAt(1, 0, 1, 2))}, Speed: speed, Loop: true})
		synctest.Test(t, func(t *testing.T) {
			var times []int64
			err := r.Run(t.Context(), func(_ context.Context, tick *feed.Tick) error {
				if times = append(times, tick.Time/1e6-1_700_000_000); len(times) == 7 {
					return errEnough
				}
				return nil
			})
			if want := []int64{0, 1, 2, 0, 1, 2, 0}; err != errEnough || !reflect.DeepEqual(times, want) {
				t.Errorf("Run at speed %v: got %v, event times %v; want %v, %v", speed, err, times, errEnough, want)
			}
		})
	}
}

func TestReplayEndsWithItsContext(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		text     string
		speed    float64
	}{
		{"while it waits for the next frame", quotesAt(1, 0, 9), 1},
		{"as fast as it goes, of frames without ticks", `1700000000.1: {"event":"heartbeat"}`, 0},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			r := mustReplay(t, ReplayConfig{Files: []string{mustWrite(t, "r", tc.text)}, Speed: tc.speed, Loop: true})
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() {
				ended <- r.Run(ctx, func(context.Context, *feed.Tick) error { return nil })
			}()
			for r.Counts().Frames == 0 {
				select {
				case err := <-ended:
					t.Fatalf("Run ended before its first frame: %v", err)
				default:
				}
			}
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("Run: got %v, want %v", err, context.Canceled)
			}
		})
	}
}

func TestReplayEndsWithPut(t *testing.T) {
	r := mustReplay(t, ReplayConfig{Files: []string{mustWrite(t, "r", quotesAt(1, 0, 1, 2))}})
	err := r.Run(t.Context(), func(context.Context, *feed.Tick) error { return errEnough })
	if got := r.Counts(); !errors.Is(err, errEnough) || got.Ticks != 0 || got.Frames != 1 {
		t.Errorf("Run: got %v, %+v; want %v after one frame and no tick taken", err, got, errEnough)
	}
}
