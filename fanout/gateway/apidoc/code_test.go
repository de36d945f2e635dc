package apidoc_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tickwire/fanout"
	"tickwire/fanout/gateway/apidoc"
	"tickwire/fanout/wire"
)

// constants are the string or number constants of a file of package wire, by
// name.
func constants(t *testing.T, file string) map[string]string {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), "../../wire/"+file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	ast.Inspect(tree, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if s, ok := text(spec.Values[0]); ok {
			all[spec.Names[0].Name] = s
		} else if number, ok := spec.Values[0].(*ast.BasicLit); ok {
			all[spec.Names[0].Name] = number.Value
		}
		return true
	})
	return all
}

// TestEveryCodeIsInTheDocuments, as that of an error or of a verdict, or both.
func TestEveryCodeIsInTheDocuments(t *testing.T) {
	s := read(t, apidoc.AsyncAPI)
	said := make(map[string]bool)
	for _, schema := range []string{"Code", "Verdict"} {
		for _, code := range strs(s.at(t, "/components/schemas/"+schema+"/enum")) {
			said[code] = true
		}
	}
	want := make(map[string]bool)
	for name, code := range constants(t, "code.go") {
		if !strings.HasPrefix(name, "Close") {
			want[code] = true
		}
	}
	if !maps.Equal(said, want) || len(want) < 10 {
		t.Errorf("got %v, want %v", slices.Sorted(maps.Keys(said)), slices.Sorted(maps.Keys(want)))
	}
}

func TestEveryCloseCodeIsInTheDocuments(t *testing.T) {
	want := make(map[string]bool)
	for name, code := range constants(t, "code.go") {
		if strings.HasPrefix(name, "Close") {
			want[code] = true
		}
	}
	for _, why := range fanout.Reasons() {
		want[strconv.Itoa(int(why.Code()))] = true
	}
	said := make(map[string]bool)
	for _, one := range read(t, apidoc.AsyncAPI).at(t, "/channels/socket/x-close-codes").([]any) {
		one := one.(map[string]any)
		code := one["code"].(json.Number).String()
		said[code] = true
		if never := one["reconnect"] == "never"; never != (code >= "4500") || one["description"] == "" {
			t.Errorf("%v: the range of the code says whether to reconnect", one)
		}
	}
	if !maps.Equal(said, want) || len(want) < 10 {
		t.Errorf("got %v, want %v", slices.Sorted(maps.Keys(said)), slices.Sorted(maps.Keys(want)))
	}
}

// TestWordsAreThoseOfPackageWire compares the other enumerations.
func TestWordsAreThoseOfPackageWire(t *testing.T) {
	s := read(t, apidoc.AsyncAPI)
	prefixed := func(file, prefix string) []string {
		var all []string
		for name, value := range constants(t, file) {
			if strings.HasPrefix(name, prefix) {
				all = append(all, value)
			}
		}
		return all
	}
	var bars, states []string
	for _, channel := range wire.Channels() {
		if wire.IsBars(channel) {
			bars = append(bars, channel)
		}
	}
	for _, state := range []wire.State{wire.Live, wire.Stale, wire.Lagging, wire.Down} {
		states = append(states, string(state))
	}
	for pointer, want := range map[string][]string{
		"/components/schemas/Channel/enum":                wire.Channels(),
		"/components/schemas/BarsChannel/enum":            bars,
		"/components/schemas/State/enum":                  states,
		"/components/schemas/Notice/properties/code/enum": prefixed("server.go", "Notice"),
	} {
		if got := strs(s.at(t, pointer)); len(want) == 0 || !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
			t.Errorf("%s: got %v, want %v", pointer, got, want)
		}
	}
	for _, code := range strs(s.at(t, "/components/schemas/EndOfEvents/properties/code/enum")) {
		if !slices.ContainsFunc(fanout.Reasons(), func(why fanout.Reason) bool { return why.String() == code }) {
			t.Errorf("no connection ends for the reason %s", code)
		}
	}
}
