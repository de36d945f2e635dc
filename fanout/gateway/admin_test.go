package gateway

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
)

func TestOperatorsGetProfiles(t *testing.T) {
	admin := New(Config{Hub: newHub(t)}).Admin()
	for _, tc := range []struct{ path, sample string }{
		{"/debug/pprof/heap", "inuse_space"},
		{"/debug/pprof/allocs", "alloc_space"},
		{"/debug/pprof/goroutine", "goroutine"},
		{"/debug/pprof/mutex", "delay"},
		{"/debug/pprof/profile?seconds=1", "cpu"},
	} {
		t.Run(tc.path, func(t *testing.T) {
			w := asked(admin, tc.path)
			p, err := profile.ParseData(w.Body.Bytes())
			if w.Code != http.StatusOK || err != nil {
				t.Fatalf("got %d, a profile with error %v, want 200 and none", w.Code, err)
			}
			if _, err := p.SampleIndexByName(tc.sample); err != nil {
				t.Error(err)
			}
			if tc.sample == "goroutine" && !strings.Contains(p.String(), "gateway.TestOperatorsGetProfiles") {
				t.Errorf("this test is not among the goroutines:\n%s", p)
			}
		})
	}
	if w := asked(admin, "/debug/pprof/trace?seconds=0.01"); w.Code != http.StatusOK || !strings.HasPrefix(w.Body.String(), "go 1.") {
		t.Errorf("trace: got %d %.20q, want 200 and a trace of Go", w.Code, w.Body)
	}
	if w := asked(admin, "/debug/pprof/symbol"); w.Code != http.StatusOK || w.Body.String() != "num_symbols: 1\n" {
		t.Errorf("symbol: got %d %q, want 200 and that there are symbols", w.Code, w.Body)
	}
}

func TestNobodyGetsTheCommandLine(t *testing.T) {
	if w := asked(New(Config{Hub: newHub(t)}).Admin(), "/debug/pprof/cmdline"); w.Code != http.StatusNotFound {
		t.Errorf("got %d %q, want 404: it may hold a password", w.Code, w.Body)
	}
}

func TestClientsGetNoProfiles(t *testing.T) {
	clients := New(Config{Hub: newHub(t)}).Handler()
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/profile", "/debug/pprof/trace"} {
		if w := asked(clients, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", path, w.Code)
		}
	}
}

func asked(h http.Handler, path string) *httptest.ResponseRecorder {
	w, r := recorded("GET", path)
	h.ServeHTTP(w, r)
	return w
}

func recorded(method, path string) (*httptest.ResponseRecorder, *http.Request) {
	return httptest.NewRecorder(), httptest.NewRequest(method, path, nil)
}
