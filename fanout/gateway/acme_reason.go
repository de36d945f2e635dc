package gateway

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
)

// reason is what went wrong with an authority most recently. autocert keeps it to
// itself why a host was not validated, and why a renewal failed.
type reason struct {
	next http.RoundTripper
	last atomic.Pointer[string]
}

// text is empty when nothing went wrong since it was cleared.
func (r *reason) text() string {
	if last := r.last.Load(); last != nil {
		return *last
	}
	return ""
}

func (r *reason) clear() { r.last.Store(nil) }

// RoundTrip makes it an http.RoundTripper.
func (r *reason) RoundTrip(ask *http.Request) (*http.Response, error) {
	answer, err := r.next.RoundTrip(ask)
	if err != nil {
		text := err.Error()
		r.last.Store(&text)
		return nil, err
	}
	if kind := answer.Header.Get("Content-Type"); !strings.Contains(kind, "json") {
		return answer, nil
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		answer.Body.Close()
		return nil, err
	}
	answer.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), answer.Body), answer.Body}
	if text := complaint(body); text != "" {
		r.last.Store(&text)
	}
	return answer, nil
}

// maxAnswer bounds what is looked at of an answer, in bytes.
const maxAnswer = 64 << 10

// problem is an error of ACME (RFC 8555, section 6.7).
type problem struct{ Type, Detail string }

// complaint is what an answer says is wrong: itself a problem, or an
// authorization with the problem of a challenge (RFC 8555, sections 7.1.4 and 8).
func complaint(answer []byte) string {
	var said struct {
		problem
		Identifier struct{ Value string }
		Challenges []struct {
			Type  string
			Error *problem
		}
	}
	if json.Unmarshal(answer, &said) != nil {
		return ""
	}
	for _, c := range said.Challenges {
		if c.Error != nil {
			return said.Identifier.Value + ": " + c.Type + ": " + c.Error.Detail
		}
	}
	if strings.HasSuffix(said.Type, ":badNonce") { // it is asked again
		return ""
	}
	return said.Detail
}
