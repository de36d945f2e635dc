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

// messages has one message of every kind, by the name of its golden file. A
// data message is built the way the fan-out builds it.
var messages = map[string]struct {
	text    []byte
	message any
}{
	"hello": of(&Hello{Type: TypeHello, V: Version, Conn: "3w5e11264sgsf", Node: "node-1", HeartbeatMS: 5000,
		Limits: Limits{MessageBytes: 65536, Terms: 10000, Rates: 8, IdleMS: 30000}}),
	"ack_subscribe": of(&Ack{Type: TypeAck, ID: ID("1"), Op: OpSubscribe, Channel: Ticker, Symbols: []string{"BTC-USD", "ETH-*"},
		Denied: []Denied{{"XYZ", UnknownSymbol}, {"", BadSymbol}}, Rate: 10}),
	"ack_unsubscribe": of(&Ack{Type: TypeAck, ID: ID(`"u-2"`), Op: OpUnsubscribe, Channel: Ticker, Symbols: []string{},
		Denied: []Denied{{"SOL-USD", NotSubscribed}}}),
	"ack_list": of(&Ack{Type: TypeAck, ID: ID("3"), Op: OpList,
		Subscriptions: []Subscription{{Channel: Ticker, Symbols: []string{"BTC-USD", "ETH-*"}, Rate: 10}, {Channel: Ticker, Symbols: []string{"*"}}}}),
	"pong":      of(&Pong{Type: TypePong, ID: ID("4"), Time: 1732242000123456}),
	"snapshot":  data(&Data{Type: TypeSnapshot, Channel: Ticker, Data: []Update{traded, quoted}}, SnapshotHead),
	"ticker":    data(&Data{Type: TypeTicker, Data: []Update{traded, quoted}}, TickerHead),
	"heartbeat": of(&Heartbeat{Type: TypeHeartbeat, Time: 1732242000123456, LagMS: 0, Conflated: 12}),
	"notice":    of(&Notice{Type: TypeNotice, Code: NoticeSlow, InMS: 30000}),
	"error":     of(&Error{Type: TypeError, ID: ID("5"), Code: BadRequest, Message: "symbols is missing or empty"}),
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
