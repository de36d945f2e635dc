// Package apidoc describes the server to programs: its HTTP requests as OpenAPI
// 3.1 (https://spec.openapis.org/oas/v3.1.1.html), and the messages of package
// wire as AsyncAPI 3.0 (https://www.asyncapi.com/docs/reference/specification/v3.0.0).
//
//	openapi.json    requests and answers
//	asyncapi.json   channels, messages with an example each, close codes
//	schemas.json    what both are made of, once: components.schemas
//
// The schemas use only what JSON Schema 2020-12, which OpenAPI takes, and draft 7,
// which AsyncAPI takes, have in common. Who changes the protocol changes them
// too: the tests hold them against the golden files, the Go types and the answers of
// a gateway.
package apidoc

import (
	"bytes"
	_ "embed"
	"net/http"
)

// Document is one document, whole. It serves itself.
type Document []byte

// The documents.
var (
	OpenAPI  = withSchemas(openapi)
	AsyncAPI = withSchemas(asyncapi)
)

//go:embed openapi.json
var openapi []byte

//go:embed asyncapi.json
var asyncapi []byte

//go:embed schemas.json
var schemas []byte

// place is where a document has the schemas.
const place = `"schemas": {}`

// withSchemas puts the schemas in, so that a tool needs one file: many take no
// reference to another.
func withSchemas(document []byte) Document {
	return bytes.Replace(document, []byte(place), append([]byte(`"schemas": `), bytes.TrimSpace(schemas)...), 1)
}

// ServeHTTP answers with the document. Pages of every site may read it: it says
// nothing about this server that is not in its source.
func (d Document) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-cache") // the next version may say something else
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Write(d)
}
