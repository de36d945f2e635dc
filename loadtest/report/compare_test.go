package report

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestRunsThatDidNotDoTheSameAreNotCompared(t *testing.T) {
	other := goodRun()
	other.Config.Rate, other.Config.Stalled = 20, ""
	_, err := Compare(goodRun(), other, false)
	var config *ConfigError
	if !errors.As(err, &config) {
		t.Fatalf("got %v, want a ConfigError", err)
	}
	want := []Difference{{"rate", "10", "20"}, {"stalled", "5%", ""}}
	if !reflect.DeepEqual(config.Different, want) {
		t.Errorf("got %v, want %v", config.Different, want)
	}
	for _, part := range []string{"rate: 10 / 20", "stalled: 5% / none"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error is %q, want %q in it", err, part)
		}
	}
	forced, err := Compare(goodRun(), other, true)
	if err != nil || !reflect.DeepEqual(forced.Different, want) {
		t.Errorf("forced: got %v, %v, want it compared and %v said", forced.Different, err, want)
	}
	if _, err := Compare(goodRun(), passiveRun(), false); err == nil || !strings.Contains(err.Error(), "mode: publish / passive") {
		t.Errorf("of different modes: got %v, want it refused", err)
	}
}

func TestRunsAgainstTwoServersAreCompared(t *testing.T) {
	other := goodRun()
	other.Config.URL = "ws://127.0.0.1:9999/v1/ws"
	other.Latency.P99 *= 3
	c, err := Compare(goodRun(), other, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range c.Figures {
		want := 1.0
		if f.Name == "latency p99" {
			want = 3
		}
		if f.Ratio != want {
			t.Errorf("%s: got the ratio %v, want %v", f.Name, f.Ratio, want)
		}
	}
}

// A field that is new must be in the comparison, or two runs that differ in it
// would be taken for the same.
func TestEveryFieldOfTheConfigurationIsCompared(t *testing.T) {
	v := reflect.TypeOf(Config{})
	for i := range v.NumField() {
		other := goodRun()
		switch field := reflect.ValueOf(&other.Config).Elem().Field(i); field.Kind() {
		case reflect.String:
			field.SetString("other")
		case reflect.Bool:
			field.SetBool(!field.Bool())
		case reflect.Float64:
			field.SetFloat(field.Float() + 1)
		case reflect.Int:
			field.SetInt(field.Int() + 1)
		case reflect.Uint64:
			field.SetUint(field.Uint() + 1)
		default:
			t.Fatalf("%s is a %v: how does it differ?", v.Field(i).Name, field.Kind())
		}
		_, err := Compare(goodRun(), other, false)
		if refused := err != nil; refused != (v.Field(i).Name != "URL") {
			t.Errorf("runs that differ in %s: refused is %v", v.Field(i).Name, refused)
		}
	}
}
