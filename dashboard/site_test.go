package dashboard

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

const script = "/assets/index-C0FFEE.js"

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

func built() fs.FS {
	return fstest.MapFS{
		"dist/.gitignore":                     file("*\n"),
		"dist/app/index.html":                 file("<!doctype html>"),
		"dist/app/favicon.svg":                file("<svg/>"),
		"dist/app/licenses.txt":               file("MIT"),
		"dist/app" + script:                   file(strings.Repeat("let tick = 1;\n", 1000)),
		"dist/app/assets/index-C0FFEE.css":    file("a{}"),
		"dist/app/assets/strange-C0FFEE.what": file("?"),
	}
}

func get(t *testing.T, h http.Handler, method, path string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r io.Reader) string {
	t.Helper()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("reading the body: %v", err)
	}
	return string(text)
}

func TestBuiltPage(t *testing.T) {
	h := newHandler(built())
	for _, test := range []struct {
		scenario, method, path string
		status                 int
		contentType, cache     string
	}{
		{"the page", "GET", "/", 200, "text/html; charset=utf-8", askEach},
		{"the page by its name", "GET", "/index.html", 200, "text/html; charset=utf-8", askEach},
		{"the head of the page", "HEAD", "/", 200, "text/html; charset=utf-8", askEach},
		{"the licences", "GET", "/licenses.txt", 200, "text/plain; charset=utf-8", askEach},
		{"a script", "GET", script, 200, "text/javascript; charset=utf-8", forever},
		{"a style", "GET", "/assets/index-C0FFEE.css", 200, "text/css; charset=utf-8", forever},
		{"a file of an unknown type", "GET", "/assets/strange-C0FFEE.what", 200, "application/octet-stream", forever},
		{"a file without a hash", "GET", "/favicon.svg", 200, "image/svg+xml", askEach},
		{"a path that is not there", "GET", "/nothing", 404, "text/plain; charset=utf-8", ""},
		{"a folder", "GET", "/assets/", 404, "text/plain; charset=utf-8", ""},
		{"a way out of the folder", "GET", "/assets/../../.gitignore", 404, "text/plain; charset=utf-8", ""},
		{"a write", "POST", "/", 405, "text/plain; charset=utf-8", ""},
	} {
		t.Run(test.scenario, func(t *testing.T) {
			r := get(t, h, test.method, test.path)
			if r.StatusCode != test.status {
				t.Errorf("%s %s: got status %d, want %d", test.method, test.path, r.StatusCode, test.status)
			}
			for name, want := range map[string]string{
				"Content-Type":            test.contentType,
				"Cache-Control":           test.cache,
				"Content-Security-Policy": policy,
				"X-Content-Type-Options":  "nosniff",
			} {
				if got := r.Header.Get(name); got != want {
					t.Errorf("%s %s: got %s %q, want %q", test.method, test.path, name, got, want)
				}
			}
		})
	}
}

func TestPageIsNotSentAgainWhenItHasNotChanged(t *testing.T) {
	h := newHandler(built())
	etag := get(t, h, "GET", "/").Header.Get("ETag")
	if r := get(t, h, "GET", "/", "If-None-Match", etag); r.StatusCode != http.StatusNotModified {
		t.Errorf("with the ETag %s of the page: got status %d, want 304", etag, r.StatusCode)
	}
	if r := get(t, h, "GET", "/", "If-None-Match", `W/"other"`); r.StatusCode != http.StatusOK {
		t.Errorf("with the ETag of another page: got status %d, want 200", r.StatusCode)
	}
}

func TestAssetsAreCompressedForWhoTakesIt(t *testing.T) {
	h := newHandler(built())
	want := body(t, get(t, h, "GET", script).Body)

	r := get(t, h, "GET", script, "Accept-Encoding", "gzip")
	if got := r.Header.Get("Content-Encoding"); got != "gzip" {
		t.Fatalf("got Content-Encoding %q, want gzip", got)
	}
	if got := r.Header.Get("Vary"); got != "Accept-Encoding" {
		t.Errorf("got Vary %q, want Accept-Encoding", got)
	}
	sent := body(t, r.Body)
	if len(sent) >= len(want)/2 {
		t.Errorf("%d bytes were sent as %d, want less than half", len(want), len(sent))
	}
	z, err := gzip.NewReader(bytes.NewReader([]byte(sent)))
	if err != nil {
		t.Fatalf("the body is not gzip: %v", err)
	}
	if got := body(t, z); got != want {
		t.Errorf("got another script of %d bytes after decompressing, want the one of %d", len(got), len(want))
	}
}

func TestUnbuiltPageSaysHowToBuildIt(t *testing.T) {
	for _, test := range []struct {
		scenario string
		dist     fs.FS
	}{
		{"nothing was built", fstest.MapFS{"dist/.gitignore": file("*\n")}},
		{"a build was broken off", fstest.MapFS{"dist/app/favicon.svg": file("<svg/>")}},
	} {
		t.Run(test.scenario, func(t *testing.T) {
			r := get(t, newHandler(test.dist), "GET", "/")
			if r.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("got status %d, want 503", r.StatusCode)
			}
			if got, want := body(t, r.Body), "go generate ./dashboard"; !strings.Contains(got, want) {
				t.Errorf("the page does not say %q:\n%s", want, got)
			}
			if got := r.Header.Get("Content-Security-Policy"); got != policy {
				t.Errorf("got Content-Security-Policy %q, want %q", got, policy)
			}
		})
	}
}

func TestEmbeddedFolderCanBeServed(t *testing.T) {
	r := get(t, Handler(), "GET", "/")
	if r.StatusCode != http.StatusOK && r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("got status %d, want 200 (built) or 503 (not built)", r.StatusCode)
	}
}
