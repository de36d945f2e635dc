package wire

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"tickwire/feed"
)

var update = flag.Bool("update", false, "write the golden files anew")

var (
	traded = Update{Symbol: "BTC-USD", Seq: 1007, Ordinal: 88, Time: 1732242000123456,
		Price: feed.Number("67123.45"), Size: feed.Number("0.0123"), Bid: feed.Number("67123.44"), Ask: feed.Number("67123.46"), Volume: feed.Number("120.5000")}
	quoted = Update{Symbol: "ETH-USDT-PERP", Seq: 4, Ordinal: 2, Time: 1732242000123999,
		Bid: feed.Number("2683.80000000"), Ask: feed.Number("2683.81000000"), Volume: feed.Number("0")}
)

var (
	stamped = Update{Symbol: "BTC-USD", Seq: 1007, Ordinal: 88, Time: 1732242000123456,
		Price: feed.Number("67123.45"), Size: feed.Number("0.0123"), Bid: feed.Number("67123.44"), Ask: feed.Number("67123.46"), Volume: feed.Number("120.5000"),
		Received: 1732242000124001}
	day = Stat{Symbol: "BTC-USD", Seq: 1007, Time: 1732242000123456, Open: feed.Number("66000.00"), High: feed.Number("67500.10"), Low: feed.Number("65800.00"),
		Last: feed.Number("67123.45"), Volume: feed.Number("120.5000"), VWAP: feed.Number("66543.2109"), Change: feed.Number("1123.45"), Percent: feed.Number("1.7022"), Count: 1833}
	closed = Bar{Symbol: "BTC-USD", Start: 1732241940000000, Seq: 1001, Open: feed.Number("67100.00"), High: feed.Number("67130.00"), Low: feed.Number("67090.00"),
		Close: feed.Number("67123.44"), Volume: feed.Number("3.21"), Count: 41, Closed: true}
	running = Bar{Symbol: "BTC-USD", Start: 1732242000000000, Seq: 1007, Open: feed.Number("67123.44"), High: feed.Number("67123.45"), Low: feed.Number("67123.44"),
		Close: feed.Number("67123.45"), Volume: feed.Number("0.5123"), Count: 2}
)

// messages has one message of every kind, by the name of its golden file. A
// data message is built the way the fan-out builds it.
var messages = map[string]struct {
	text    []byte
	message any
}{
	"hello": of(&Hello{Type: TypeHello, V: Version, Conn: "3w5e11264sgsf", Node: "node-1", HeartbeatMS: 5000,
		Limits: Limits{MessageBytes: 65536, Terms: 10000, Rates: 8, IdleMS: 30000}, Channels: Channels(), State: Live}),
	"hello_operator": of(&Hello{Type: TypeHello, V: Version, Conn: "1k8s5d0zq2ab", Node: "node-1", HeartbeatMS: 5000,
		Limits: Limits{MessageBytes: 65536, Terms: 10000, Rates: 8, IdleMS: 30000}, Channels: Channels(), State: Live, Operator: true}),
	"ack_subscribe": of(&Ack{Type: TypeAck, ID: ID("1"), Op: OpSubscribe, Channel: Ticker, Symbols: []string{"BTC-USD", "ETH-*"},
		Denied: []Denied{{"XYZ", UnknownSymbol}, {"", BadSymbol}}, Rate: 10}),
	"ack_stamps": of(&Ack{Type: TypeAck, ID: ID("6"), Op: OpSubscribe, Channel: Trades, Symbols: []string{"BTC-USD"}, Stamps: true, BytesPerS: 20000, Position: "0-1007,3-998"}),
	"ack_unsubscribe": of(&Ack{Type: TypeAck, ID: ID(`"u-2"`), Op: OpUnsubscribe, Channel: Ticker, Symbols: []string{},
		Denied: []Denied{{"SOL-USD", NotSubscribed}}}),
	"ack_list": of(&Ack{Type: TypeAck, ID: ID("3"), Op: OpList,
		Subscriptions: []Subscription{{Channel: Ticker, Symbols: []string{"BTC-USD", "ETH-*"}, Rate: 10}, {Channel: Trades, Symbols: []string{"*"}, Stamps: true}}, BytesPerS: 20000}),
	"ack_auth":      of(&Ack{Type: TypeAck, ID: ID("6"), Op: OpAuth}),
	"ack_operator":  of(&Ack{Type: TypeAck, ID: ID("7"), Op: OpAuth, Operator: true}),
	"pong":          of(&Pong{Type: TypePong, ID: ID("4"), Time: 1732242000123456, Conflated: 12, Bytes: 48211}),
	"snapshot":      data(&Data{Type: TypeSnapshot, Channel: Ticker, Data: []Update{traded, quoted}}, SnapshotHead),
	"ticker":        data(&Data{Type: TypeTicker, Data: []Update{traded, quoted}}, TickerHead),
	"ticker_stamps": data(&Data{Type: TypeTicker, Sent: 1732242000124999, Data: []Update{stamped}}, Head(Ticker, false, 1732242000124999)),
	"trades": rows(&TradesMessage{Type: Trades, Data: []Trade{
		{Symbol: "BTC-USD", Seq: 1006, Time: 1732242000123400, Price: feed.Number("67123.44"), Size: feed.Number("0.5"), Side: "s"},
		{Symbol: "BTC-USD", Seq: 1007, Time: 1732242000123456, Price: feed.Number("67123.45"), Size: feed.Number("0.0123"), Side: ""}}},
		TradesHead, AppendTrade),
	"trades_stamps": rows(&TradesMessage{Type: Trades, Sent: 1732242000124999, Data: []Trade{
		{Symbol: "BTC-USD", Seq: 1007, Time: 1732242000123456, Price: feed.Number("67123.45"), Side: "b", Received: 1732242000124001}}},
		Head(Trades, false, 1732242000124999), AppendTrade),
	"gap":              of(&Gap{Type: TypeGap, Channel: Trades, Symbol: "BTC-USD", From: 1008, To: 4711}),
	"stats":            rows(&StatsMessage{Type: Stats, Data: []Stat{day}}, Head(Stats, false, 0), AppendStat),
	"snapshot_stats":   rows(&StatsMessage{Type: TypeSnapshot, Channel: Stats, Data: []Stat{day}}, Head(Stats, true, 0), AppendStat),
	"bars_1m":          rows(&BarsMessage{Type: Bars1m, Data: []Bar{closed, running}}, Head(Bars1m, false, 0), AppendBar),
	"snapshot_bars_1m": rows(&BarsMessage{Type: TypeSnapshot, Channel: Bars1m, Data: []Bar{running}}, Head(Bars1m, true, 0), AppendBar),
	"status_feed":      of(&Status{Type: TypeStatus, Scope: ScopeFeed, State: Lagging, AgeMS: 5400}),
	"status_symbol":    of(&Status{Type: TypeStatus, Scope: ScopeSymbol, Symbol: "BTC-USD", State: Stale, AgeMS: 61000}),
	"heartbeat":        of(&Heartbeat{Type: TypeHeartbeat, Time: 1732242000123456, LagMS: 0, Conflated: 12, State: Live, AgeMS: 35}),
	"notice":           of(&Notice{Type: TypeNotice, Code: NoticeSlow, InMS: 30000}),
	"notice_expires":   of(&Notice{Type: TypeNotice, Code: NoticeExpires, InMS: 30000}),
	"notice_drain":     of(&Notice{Type: TypeNotice, Code: NoticeDrain, InMS: 7300}),
	"error":            of(&Error{Type: TypeError, ID: ID("5"), Code: BadRequest, Message: "symbols is missing or empty"}),
}

type built = struct {
	text    []byte
	message any
}

func of(message any) built { return built{Marshal(message), message} }

func data(d *Data, head string) built {
	text := []byte(head)
	for i := range d.Data {
		if i > 0 {
			text = append(text, ',')
		}
		text = AppendUpdate(text, &d.Data[i])
	}
	return built{append(text, DataFoot...), d}
}

// rows is a data message of one of the other channels. data is its array.
func rows[M, R any](message *M, head string, appendRow func([]byte, *R) []byte) built {
	data := reflect.ValueOf(message).Elem().FieldByName("Data").Interface().([]R)
	text := []byte(head)
	for i := range data {
		if i > 0 {
			text = append(text, ',')
		}
		text = appendRow(text, &data[i])
	}
	return built{append(text, DataFoot...), message}
}

// TestMessagesAreWhatEncodingJSONWrites compares what is built piece by piece.
func TestMessagesAreWhatEncodingJSONWrites(t *testing.T) {
	for name, m := range messages {
		if got, want := string(m.text), string(Marshal(m.message)); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
}

func TestHeadsAreThoseOfTheChannels(t *testing.T) {
	for got, want := range map[string]string{
		SnapshotHead: Head(Ticker, true, 0), TickerHead: Head(Ticker, false, 0), TradesHead: Head(Trades, false, 0),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestMessagesAreTheirGoldenFiles(t *testing.T) {
	for name, m := range messages {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(file, m.text, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v; go test -update writes it", err)
			}
			if string(m.text) != string(want) {
				t.Errorf("\n got %s\nwant %s", m.text, want)
			}
			got, err := Parse(want)
			if err != nil {
				t.Fatalf("Parse: %v", err)
			}
			if !reflect.DeepEqual(got, m.message) {
				t.Errorf("Parse: got %s, want %s", Marshal(got), Marshal(m.message))
			}
		})
	}
}

// TestEveryGoldenFileIsAMessage keeps files of messages that are no more from
// staying behind.
func TestEveryGoldenFileIsAMessage(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) != len(messages) {
		t.Fatalf("got %d golden files (%v), want %d", len(files), err, len(messages))
	}
	for _, f := range files {
		if name := filepath.Base(f[:len(f)-len(".json")]); messages[name].text == nil {
			t.Errorf("%s is no message", f)
		}
	}
}

func TestAppendUpdateIsWhatEncodingJSONWrites(t *testing.T) {
	for _, u := range []Update{traded, quoted} {
		want, err := json.Marshal(u)
		if err != nil {
			t.Fatal(err)
		}
		if got := AppendUpdate(nil, &u); string(got) != string(want) {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	}
}

func TestAppendUpdateDoesNotAllocate(t *testing.T) {
	buf := make([]byte, 0, 512)
	if got := testing.AllocsPerRun(100, func() { buf = AppendUpdate(buf[:0], &traded) }); got != 0 {
		t.Errorf("allocations: got %v, want 0", got)
	}
}
