package apidoc_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"tickwire/fanout/gateway/apidoc"
	"tickwire/fanout/wire"
)

const (
	golden        = "../../wire/testdata"
	serverMessage = "/components/schemas/ServerMessage"
	clientMessage = "/components/schemas/ClientMessage"
)

// goldenFiles are the texts of one message of every kind.
func goldenFiles(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(golden, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	all := make(map[string][]byte)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".json")] = text
	}
	return all
}

// TestGoldenFilesKeepTheirSchema: as they are, and in no way that is wrong.
func TestGoldenFilesKeepTheirSchema(t *testing.T) {
	schema := read(t, apidoc.AsyncAPI).schema(t, serverMessage)
	for name, text := range goldenFiles(t) {
		t.Run(name, func(t *testing.T) {
			if err := schema.Validate(parsed(t, text)); err != nil {
				t.Fatal(err)
			}
			message, err := wire.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			whole := parsed(t, text)
			mutate(whole, reflect.TypeOf(message).Elem(), func(how string) {
				if schema.Validate(whole) == nil {
					changed, _ := json.Marshal(whole)
					t.Errorf("%s, and it is still good: %s", how, changed)
				}
			})
		})
	}
}

// mutate does one wrong thing after the other to a value that a Go type was
// written as, calls judge, and takes it back.
func mutate(v any, of reflect.Type, judge func(how string)) {
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			mutate(one, of.Elem(), judge)
		}
	case map[string]any:
		v["extra"] = true
		judge("a member more")
		delete(v, "extra")
		members := membersOf(of)
		for name, was := range maps.Clone(v) {
			v[name] = nil
			judge(name + " is null")
			if delete(v, name); !members[name].optional {
				judge(name + " is missing")
			}
			v[name] = was
			mutate(was, members[name].of, judge)
		}
	}
}

type member struct {
	of       reflect.Type
	optional bool
}

// membersOf are the members that encoding/json writes of a struct.
func membersOf(of reflect.Type) map[string]member {
	all := make(map[string]member)
	for _, field := range reflect.VisibleFields(of) {
		name, rest, _ := strings.Cut(field.Tag.Get("json"), ",")
		all[name] = member{field.Type, strings.Contains(rest, "omit")}
	}
	return all
}

// TestSchemasHaveTheMembersOfTheGoTypes, no more and no less: those of
// a type that several schemas share, such as Ack, in one of them at least.
func TestSchemasHaveTheMembersOfTheGoTypes(t *testing.T) {
	s := read(t, apidoc.AsyncAPI)
	said := make(map[reflect.Type]map[string]any)
	say := func(of reflect.Type, schema string) {
		if said[of] == nil {
			said[of] = make(map[string]any)
		}
		maps.Copy(said[of], s.object(t, "/components/schemas/"+schema+"/properties"))
	}
	for _, of := range []any{wire.Update{}, wire.Trade{}, wire.Stat{}, wire.Bar{}, wire.Denied{}, wire.Limits{}, wire.Subscription{}} {
		say(reflect.TypeOf(of), reflect.TypeOf(of).Name())
	}
	for _, one := range s.at(t, clientMessage+"/oneOf").([]any) {
		say(reflect.TypeFor[wire.Request](), schemaName(one))
	}
	for name := range s.object(t, "/components/messages") {
		for _, example := range s.at(t, "/components/messages/"+name+"/examples").([]any) {
			text, _ := json.Marshal(example.(map[string]any)["payload"])
			if of, err := wire.Parse(text); err == nil && of != nil {
				say(reflect.TypeOf(of).Elem(), schemaName(s.object(t, "/components/messages/"+name)["payload"]))
			}
		}
	}
	if len(said) < 20 {
		t.Errorf("only %d types were seen", len(said))
	}
	for of, properties := range said {
		if got, want := keys(properties), slices.Sorted(maps.Keys(membersOf(of))); !slices.Equal(got, want) {
			t.Errorf("%s: the schema has %v, Go has %v", of, got, want)
		}
	}
}

func schemaName(reference any) string {
	target := reference.(map[string]any)["$ref"].(string)
	return target[strings.LastIndexByte(target, '/')+1:]
}

// TestExamplesAreGoldenFiles, and every golden file is one: examples of what
// clients send are requests that the server takes.
func TestExamplesAreGoldenFiles(t *testing.T) {
	s, files := read(t, apidoc.AsyncAPI), goldenFiles(t)
	for name := range s.object(t, "/components/messages") {
		pointer := "/components/messages/" + name
		schema := s.schema(t, "/components/schemas/"+schemaName(s.object(t, pointer)["payload"]))
		for _, example := range s.at(t, pointer+"/examples").([]any) {
			example := example.(map[string]any)
			title, payload := example["name"].(string), example["payload"]
			if err := schema.Validate(payload); err != nil {
				t.Errorf("%s, %s: %v", name, title, err)
			}
			text, _ := json.Marshal(payload)
			if payload.(map[string]any)["op"] != nil && payload.(map[string]any)["type"] == nil {
				if _, refusal := wire.ParseRequest(text); refusal != nil {
					t.Errorf("%s, %s: %s", name, title, refusal.Message)
				}
			} else if file, ok := files[title]; ok {
				if !reflect.DeepEqual(payload, parsed(t, file)) {
					t.Errorf("%s: got %s, want the golden file %s", title, text, file)
				}
				delete(files, title)
			} else if !slices.Contains(noGoldenFile, name) {
				t.Errorf("%s, %s: there is no such golden file", name, title)
			}
		}
	}
	for name := range files {
		t.Errorf("the golden file %s is no example", name)
	}
}

// noGoldenFile are messages that are another's with less, or not of package wire.
var noGoldenFile = []string{"budget_ack", "end_of_events"}

// TestRequestsKeepTheirSchema takes the table by which package wire tests
// ParseRequest: the schema accepts what that accepts, and nothing else.
func TestRequestsKeepTheirSchema(t *testing.T) {
	schema := read(t, apidoc.AsyncAPI).schema(t, clientMessage)
	accepted, refused := 0, 0
	for _, tc := range requests(t) {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(tc.message))
		if err != nil {
			continue // no JSON, of which a schema says nothing
		}
		switch err := schema.Validate(v); {
		case !tc.refused && err != nil:
			t.Errorf("%s: %s: %v", tc.scenario, tc.message, err)
		case tc.refused && err == nil:
			t.Errorf("%s: %s is good by the schema", tc.scenario, tc.message)
		case tc.refused:
			refused++
		default:
			accepted++
		}
	}
	if accepted < 5 || refused < 15 {
		t.Errorf("only %d were accepted and %d refused: has the table moved?", accepted, refused)
	}
}

type request struct {
	scenario, message string
	refused           bool
}

// requests are the rows of the table in TestParseRequest whose message is a
// literal.
func requests(t *testing.T) []request {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../wire/request_test.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var all []request
	ast.Inspect(file, func(n ast.Node) bool {
		row, ok := n.(*ast.CompositeLit)
		if !ok || row.Type != nil {
			return true
		}
		var one request
		literal := false
		for _, element := range row.Elts {
			pair, ok := element.(*ast.KeyValueExpr)
			if !ok {
				return true
			}
			switch name, _ := pair.Key.(*ast.Ident); {
			case name == nil:
				return true
			case name.Name == "scenario":
				one.scenario, _ = text(pair.Value)
			case name.Name == "message":
				one.message, literal = text(pair.Value)
			case name.Name == "code":
				one.refused = true
			}
		}
		if literal && one.scenario != "" {
			all = append(all, one)
		}
		return true
	})
	return all
}

// text is the value of an expression that is a string literal.
func text(e ast.Expr) (string, bool) {
	literal, ok := e.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(literal.Value)
	return s, err == nil
}
