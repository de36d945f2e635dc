package feed

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

const canonical = `{"s":"BTC-USD","t":1732242000123456,"p":"67123.45","z":"0.0123","d":"b","b":"67123.44","bz":"1.2","a":"67123.46","az":"0.8"}`

func TestDecode(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		record   string
		want     string // the record again, canonical; empty when err is wanted
		err      error
	}{
		{scenario: "a trade and a quote", record: canonical, want: canonical},
		{scenario: "a trade alone", record: `{"s":"X","t":1,"p":"5"}`, want: `{"s":"X","t":1,"p":"5"}`},
		{scenario: "half a quote", record: `{"s":"X","t":1,"a":"5","az":"0"}`, want: `{"s":"X","t":1,"a":"5","az":"0"}`},
		{scenario: "a negative price keeps every digit", record: `{"s":"CL","t":1,"p":"-37.6300"}`, want: `{"s":"CL","t":1,"p":"-37.6300"}`},
		{scenario: "white space and another order", record: " {\n\"a\" : \"2\" ,\t\"t\": 7 , \"s\":\"X\" } \r\n", want: `{"s":"X","t":7,"a":"2"}`},
		{scenario: "unknown members of every kind", record: `{"v":[1,{"s":"}"}],"s":"X","m":"\"\\","t":7,"n":null,"p":"2","x":-1.5e3}`, want: `{"s":"X","t":7,"p":"2"}`},
		{scenario: "38 digits and a point", record: `{"s":"X","t":1,"p":"` + strings.Repeat("9", 20) + `.` + strings.Repeat("9", 18) + `"}`, want: `{"s":"X","t":1,"p":"` + strings.Repeat("9", 20) + `.` + strings.Repeat("9", 18) + `"}`},

		{scenario: "nothing", record: ``, err: ErrSyntax},
		{scenario: "an empty object", record: `{}`, err: ErrSyntax},
		{scenario: "an array", record: `["X"]`, err: ErrSyntax},
		{scenario: "text behind the object", record: `{"s":"X","t":1,"p":"5"}x`, err: ErrSyntax},
		{scenario: "two objects", record: `{"s":"X","t":1,"p":"5"}{"s":"X","t":1,"p":"5"}`, err: ErrSyntax},
		{scenario: "cut in a string", record: `{"s":"X","t":1,"p":"5`, err: ErrNumber},
		{scenario: "cut in a name", record: `{"s":"X","t`, err: ErrSyntax},
		{scenario: "cut behind the time", record: `{"s":"X","t":1`, err: ErrSyntax},
		{scenario: "cut before the time", record: `{"s":"X","t":`, err: ErrTime},
		{scenario: "a comma before the brace", record: `{"s":"X","t":1,"p":"5",}`, err: ErrSyntax},
		{scenario: "an unknown member that is not JSON", record: `{"s":"X","t":1,"p":"5","x":nil}`, err: ErrSyntax},
		{scenario: "the same member twice", record: `{"s":"X","t":1,"p":"5","p":"6"}`, err: ErrDuplicate},
		{scenario: "an escape in a name", record: `{"\u0073":"X","t":1,"p":"5"}`, err: ErrEscape},
		{scenario: "an escape in the symbol", record: `{"s":"X\/Y","t":1,"p":"5"}`, err: ErrEscape},
		{scenario: "no symbol", record: `{"t":1,"p":"5"}`, err: ErrSymbol},
		{scenario: "an empty symbol", record: `{"s":"","t":1,"p":"5"}`, err: ErrSymbol},
		{scenario: "a symbol of 33 bytes", record: `{"s":"` + strings.Repeat("X", 33) + `","t":1,"p":"5"}`, err: ErrSymbol},
		{scenario: "a symbol that is a pattern", record: `{"s":"BTC-*","t":1,"p":"5"}`, err: ErrSymbol},
		{scenario: "a symbol beyond ASCII", record: `{"s":"BTC-€","t":1,"p":"5"}`, err: ErrSymbol},
		{scenario: "a symbol that is a number", record: `{"s":1,"t":1,"p":"5"}`, err: ErrSyntax},
		{scenario: "no time", record: `{"s":"X","p":"5"}`, err: ErrTime},
		{scenario: "time zero", record: `{"s":"X","t":0,"p":"5"}`, err: ErrTime},
		{scenario: "time with a leading zero", record: `{"s":"X","t":01,"p":"5"}`, err: ErrTime},
		{scenario: "a time that JavaScript cannot hold", record: `{"s":"X","t":9007199254740992,"p":"5"}`, err: ErrTime},
		{scenario: "a time beyond 64 bits", record: `{"s":"X","t":99999999999999999999999,"p":"5"}`, err: ErrTime},
		{scenario: "a fractional time", record: `{"s":"X","t":1.5,"p":"5"}`, err: ErrSyntax},
		{scenario: "a price that is a JSON number", record: `{"s":"X","t":1,"p":5}`, err: ErrNumber},
		{scenario: "an empty price", record: `{"s":"X","t":1,"p":""}`, err: ErrNumber},
		{scenario: "an exponent", record: `{"s":"X","t":1,"p":"5e3"}`, err: ErrNumber},
		{scenario: "a plus", record: `{"s":"X","t":1,"p":"+5"}`, err: ErrNumber},
		{scenario: "a leading zero", record: `{"s":"X","t":1,"p":"05"}`, err: ErrNumber},
		{scenario: "a point without digits behind it", record: `{"s":"X","t":1,"p":"5."}`, err: ErrNumber},
		{scenario: "a point without digits before it", record: `{"s":"X","t":1,"p":".5"}`, err: ErrNumber},
		{scenario: "40 characters", record: `{"s":"X","t":1,"p":"` + strings.Repeat("9", 40) + `"}`, err: ErrNumber},
		{scenario: "a negative size", record: `{"s":"X","t":1,"p":"5","z":"-1"}`, err: ErrNegative},
		{scenario: "no price at all", record: `{"s":"X","t":1}`, err: ErrEmpty},
		{scenario: "a size without its price", record: `{"s":"X","t":1,"b":"1","z":"2"}`, err: ErrOrphan},
		{scenario: "a bid size without its bid", record: `{"s":"X","t":1,"a":"1","bz":"2"}`, err: ErrOrphan},
		{scenario: "another side", record: `{"s":"X","t":1,"p":"5","d":"x"}`, err: ErrSide},
		{scenario: "a record over the bound", record: canonical + strings.Repeat(" ", MaxRecord), err: ErrTooLong},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			var tick Tick
			err := Decode(&tick, []byte(tc.record))
			if !errors.Is(err, tc.err) {
				t.Fatalf("Decode(%s): got error %v, want %v", tc.record, err, tc.err)
			}
			if err != nil {
				return
			}
			if got := string(AppendTick(nil, &tick)); got != tc.want {
				t.Errorf("AppendTick after Decode(%s):\n got %s\nwant %s", tc.record, got, tc.want)
			}
			if err := tick.Validate(); err != nil {
				t.Errorf("Validate of a decoded tick: %v", err)
			}
		})
	}
}

// FuzzDecode holds the codec to its law: what decodes is a valid tick and valid
// JSON, and encodes to a record that decodes and encodes to the same again.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{canonical, `{"s":"X","t":1,"p":"5"}`, `{"x":[{}],"s":"X","t":1,"a":"-0.10","az":"0"}`, `{"s":"X","t":1,"p":"5",}`, `{}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		var tick Tick
		if Decode(&tick, record) != nil {
			return
		}
		if !json.Valid(record) {
			t.Fatalf("decoded what is not JSON: %q", record)
		}
		if err := tick.Validate(); err != nil {
			t.Fatalf("decoded an invalid tick from %q: %v", record, err)
		}
		once := AppendTick(nil, &tick)
		var again Tick
		if err := Decode(&again, once); err != nil {
			t.Fatalf("own record %q does not decode: %v", once, err)
		}
		if twice := AppendTick(nil, &again); !bytes.Equal(once, twice) {
			t.Fatalf("encoded again: got %s, want %s", twice, once)
		}
	})
}

// FuzzDecodeOwn holds the quick way for own records to what the general way
// makes of the same bytes, white space before them keeping it from the quick.
func FuzzDecodeOwn(f *testing.F) {
	for _, seed := range []string{canonical, `{"s":"X","t":1,"p":"5"}`, `{"s":"X","t":1,"p":"5","d":"x"}`, `{"s":"X","t":1,"p":"12345678.12345678"}`, `{"s":"X","t":01,"b":"0"}`, `{"s":"X","t":1,"p":"5","d":"""}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		if len(record) >= MaxRecord {
			return
		}
		var quick, general Tick
		errQuick := Decode(&quick, record)
		errGeneral := Decode(&general, append([]byte(" "), record...))
		if errQuick != errGeneral {
			t.Fatalf("%q: error %v, the general way %v", record, errQuick, errGeneral)
		}
		if errQuick == nil && !bytes.Equal(AppendTick(nil, &quick), AppendTick(nil, &general)) {
			t.Fatalf("%q: got %+v, the general way %+v", record, quick, general)
		}
	})
}

func TestReceivedIsNotPartOfTheRecord(t *testing.T) {
	var tick Tick
	if err := Decode(&tick, []byte(canonical)); err != nil {
		t.Fatal(err)
	}
	if tick.Received != 0 {
		t.Errorf("received after Decode: got %d, want 0", tick.Received)
	}
	tick.Received = 1732242000123999
	if got := string(AppendTick(nil, &tick)); got != canonical {
		t.Errorf("AppendTick: got %s, want %s", got, canonical)
	}
}

func TestDecodeDoesNotAllocate(t *testing.T) {
	record := []byte(canonical)
	var tick Tick
	if got := testing.AllocsPerRun(100, func() {
		if err := Decode(&tick, record); err != nil {
			t.Fatal(err)
		}
	}); got != 0 {
		t.Errorf("allocations per Decode: got %v, want 0", got)
	}
}

func BenchmarkDecode(b *testing.B) {
	record := []byte(canonical)
	var tick Tick
	b.ReportAllocs()
	b.SetBytes(int64(len(record)))
	for b.Loop() {
		if err := Decode(&tick, record); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendTick(b *testing.B) {
	var tick Tick
	if err := Decode(&tick, []byte(canonical)); err != nil {
		b.Fatal(err)
	}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendTick(buf[:0], &tick)
	}
}
