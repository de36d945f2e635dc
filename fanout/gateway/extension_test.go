package gateway

import (
	"net/http"
	"testing"
)

func TestAgree(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		offers   []string
		want     agreement
	}{
		{"nothing", nil, agreement{}},
		{"plain", []string{"permessage-deflate"}, agreement{deflate: true}},
		{"what browsers send", []string{"permessage-deflate; client_max_window_bits"}, agreement{deflate: true}},
		{"upper case and another line", []string{"x-foo", "Permessage-Deflate"}, agreement{deflate: true}},
		{"no takeover", []string{"permessage-deflate; server_no_context_takeover; client_no_context_takeover"}, agreement{deflate: true}},
		{"a window", []string{"permessage-deflate; server_max_window_bits=10"}, agreement{true, true}},
		{"a window in quotes", []string{`permessage-deflate; server_max_window_bits="9"; client_max_window_bits=8`}, agreement{true, true}},
		{"a window that is too small, then a fair offer", []string{"permessage-deflate; server_max_window_bits=8, permessage-deflate"}, agreement{deflate: true}},
		{"a window that is too small", []string{"permessage-deflate; server_max_window_bits=8"}, agreement{}},
		{"a window that cannot be", []string{"permessage-deflate; server_max_window_bits=16"}, agreement{}},
		{"a window without its size", []string{"permessage-deflate; server_max_window_bits"}, agreement{}},
		{"a leading zero", []string{"permessage-deflate; server_max_window_bits=09"}, agreement{}},
		{"a client window that cannot be", []string{"permessage-deflate; client_max_window_bits=7"}, agreement{}},
		{"a parameter twice", []string{"permessage-deflate; server_no_context_takeover; server_no_context_takeover"}, agreement{}},
		{"a value where there is none", []string{"permessage-deflate; client_no_context_takeover=1"}, agreement{}},
		{"an unknown parameter", []string{"permessage-deflate; mystery=1"}, agreement{}},
		{"another extension", []string{"x-permessage-deflate-2"}, agreement{}},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			r := &http.Request{Header: make(http.Header)}
			for _, line := range tc.offers {
				r.Header.Add(extensionsHeader, line)
			}
			if got := agree(r); got != tc.want {
				t.Errorf("%q: got %+v, want %+v", tc.offers, got, tc.want)
			}
			if left := r.Header.Get(extensionsHeader); (left == "permessage-deflate") != tc.want.deflate {
				t.Errorf("left to gws: %q", left)
			}
		})
	}
}

func FuzzAgree(f *testing.F) {
	f.Add("permessage-deflate; server_max_window_bits=10, x; y=\"z\"")
	f.Fuzz(func(t *testing.T, offers string) {
		r := &http.Request{Header: make(http.Header)}
		r.Header.Set(extensionsHeader, offers)
		a := agree(r)
		if a.window && !a.deflate {
			t.Fatalf("%q: a window without compression", offers)
		}
	})
}
