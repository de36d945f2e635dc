package report

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"testing"
)

func TestAReportIsReadBackAsItWas(t *testing.T) {
	for name, r := range map[string]*Result{"good": goodRun(), "bad": badRun(), "passive": passiveRun()} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := JSON(&b, r); err != nil {
				t.Fatal(err)
			}
			got, err := Read(&b)
			if err != nil || !reflect.DeepEqual(got, r) {
				t.Errorf("got %+v, %v, want %+v", got, err, r)
			}
		})
	}
}

// The names that scripts rely on.
func TestTheJSONHasTheFieldsThatScriptsRelyOn(t *testing.T) {
	latency := []string{"p50", "p90", "p99", "p999", "max"}
	want := map[string][]string{
		"config": {"url"}, "connections": nil, "frames": nil, "updates": nil, "ticks_published": nil, "bytes": nil, "seconds": nil,
		"updates_per_s": nil, "bytes_per_update": nil, "latency_us": latency, "latency_uncorrected_us": latency, "reach": nil, "conflated": nil,
		"violations": {"order", "value", "gap_unsaid", "final"}, "converged": nil, "cohorts": {"steady"},
		"generator": {"cpu_s", "max_lag_ms", "valid"}, "server": {"cpu_s", "rss_bytes", "heap_bytes", "gc_max_us"},
	}
	var b bytes.Buffer
	if err := JSON(&b, goodRun()); err != nil {
		t.Fatal(err)
	}
	var got map[string]json.RawMessage
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for name, inner := range want {
		if got[name] == nil {
			t.Errorf("there is no %s", name)
			continue
		}
		for _, field := range inner {
			var object map[string]json.RawMessage
			if err := json.Unmarshal(got[name], &object); err != nil || object[field] == nil {
				t.Errorf("there is no %s.%s (%v)", name, field, err)
			}
		}
	}
}

func TestWhatIsNoReportIsSaid(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"nothing", "", "EOF"},
		{"not JSON", "hello", "invalid character"},
		{"another object", `{"latency":1}`, "mode"},
		{"a field of another kind", `{"mode":"publish","updates":"many"}`, "updates"},
		{"two of them", `{"mode":"publish"}{"mode":"publish"}`, "follows"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Read(strings.NewReader(test.text)); err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "not a report of tickwire load") {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

// Whatever a file says, it is told or refused.
func FuzzRead(f *testing.F) {
	for _, r := range []*Result{goodRun(), badRun(), passiveRun()} {
		r.Series, r.Percentiles = r.Series[:3], r.Percentiles[:3]
		var b bytes.Buffer
		if err := JSON(&b, r); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Add([]byte(`{"mode":"publish","series":[{"t_s":-1e308,"updates_per_s":1e308},{"t_s":1e308,"p99_us":-9}],"percentiles":[{"q":2},{"q":-1e9,"us":9223372036854775807}]}`))
	f.Add([]byte(`{"mode":"passive","knee":{"bound_us":-5,"steps":[{"load":-1},{"load":1e300,"p99_us":9223372036854775807}]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := Read(bytes.NewReader(text))
		if err != nil {
			return
		}
		r.Series, r.Percentiles = r.Series[:min(len(r.Series), 50)], r.Percentiles[:min(len(r.Percentiles), 50)]
		for name, tell := range map[string]func(io.Writer, *Result) error{"text": Text, "JSON": JSON, "HTML": HTML} {
			if err := tell(io.Discard, r); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		c, err := Compare(goodRun(), r, true)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Text(io.Discard); err != nil {
			t.Error(err)
		}
	})
}
