package apidoc_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.uber.org/goleak"

	"tickwire/fanout/gateway/apidoc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// specification is a document with its schemas, compiled when they are asked for.
type specification struct {
	root     map[string]any
	compiler *jsonschema.Compiler
}

func read(t *testing.T, text []byte) *specification {
	t.Helper()
	s := &specification{root: parsed(t, text).(map[string]any), compiler: jsonschema.NewCompiler()}
	if err := s.compiler.AddResource(documentURL, s.root); err != nil {
		t.Fatal(err)
	}
	return s
}

const documentURL = "https://tickwire.test/document.json"

func parsed(t *testing.T, text []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v: %.200s", err, text)
	}
	return v
}

// at follows a JSON pointer, and references on the way.
func (s *specification) at(t *testing.T, pointer string) any {
	t.Helper()
	var v any = s.root
	for _, step := range strings.Split(pointer, "/")[1:] {
		m, ok := s.resolve(t, v).(map[string]any)
		if !ok {
			t.Fatalf("%s is not in the document", pointer)
		}
		v = m[strings.NewReplacer("~1", "/", "~0", "~").Replace(step)]
	}
	return s.resolve(t, v)
}

func (s *specification) resolve(t *testing.T, v any) any {
	if m, ok := v.(map[string]any); ok {
		if target, ok := m["$ref"].(string); ok {
			return s.at(t, strings.TrimPrefix(target, "#"))
		}
	}
	return v
}

// object is at of an object.
func (s *specification) object(t *testing.T, pointer string) map[string]any {
	t.Helper()
	m, ok := s.at(t, pointer).(map[string]any)
	if !ok {
		t.Fatalf("%s is no object", pointer)
	}
	return m
}

// schema is the schema at a JSON pointer.
func (s *specification) schema(t *testing.T, pointer string) *jsonschema.Schema {
	t.Helper()
	schema, err := s.compiler.Compile(documentURL + "#" + pointer)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// escaped is a step of a JSON pointer.
func escaped(step string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(step) }

func keys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

func strs(v any) []string {
	var all []string
	for _, one := range v.([]any) {
		all = append(all, one.(string))
	}
	return all
}

// TestEveryReferenceLeadsSomewhere follows all of them, in both documents.
func TestEveryReferenceLeadsSomewhere(t *testing.T) {
	for name, document := range documents {
		s := read(t, document)
		var walk func(v any)
		walk = func(v any) {
			switch v := v.(type) {
			case map[string]any:
				if target, ok := v["$ref"].(string); ok {
					if len(v) > 1 || s.at(t, strings.TrimPrefix(target, "#")) == nil {
						t.Errorf("%s: %v: it leads nowhere, or has neighbours, which draft 7 passes over", name, v)
					}
				}
				for _, one := range v {
					walk(one)
				}
			case []any:
				for _, one := range v {
					walk(one)
				}
			}
		}
		walk(s.root)
	}
}

var documents = map[string]apidoc.Document{"openapi": apidoc.OpenAPI, "asyncapi": apidoc.AsyncAPI}

func TestBothDocumentsHaveTheSameSchemas(t *testing.T) {
	open := read(t, apidoc.OpenAPI).object(t, "/components/schemas")
	async := read(t, apidoc.AsyncAPI).object(t, "/components/schemas")
	if got, want := keys(open), keys(async); len(got) == 0 || !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for name := range open {
		got, _ := json.Marshal(open[name])
		want, _ := json.Marshal(async[name])
		if string(got) != string(want) {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

// TestDocumentsKeepTheirSpecification holds them against the schemas that
// their authors publish, which the dashboard's packages for development bring.
func TestDocumentsKeepTheirSpecification(t *testing.T) {
	const packages = "../../../dashboard/node_modules"
	for name, file := range map[string]string{
		"openapi":  "@seriousme/openapi-schema-validator/schemas/v3.1/schema.json",
		"asyncapi": "@asyncapi/specs/schemas/3.0.0.json",
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(packages, file)
			if _, err := os.Stat(file); err != nil {
				t.Skipf("%s is missing: go generate ./dashboard installs it", file)
			}
			schema, err := jsonschema.NewCompiler().Compile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(parsed(t, documents[name])); err != nil {
				t.Error(err)
			}
			broken := parsed(t, documents[name]).(map[string]any)
			broken["pahts"] = map[string]any{}
			if schema.Validate(broken) == nil {
				t.Error("a member that there is not is passed over: the schema says nothing")
			}
		})
	}
}
