package dashboard

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/zstd"
)

// policy is for script, style, image and WebSocket of the page's own origin,
// nothing inline and no other origin. 'self' includes ws and wss:
// https://www.w3.org/TR/CSP3/#match-url-to-source-expression
const policy = "default-src 'self'; base-uri 'none'; connect-src 'self'; " +
	"form-action 'none'; frame-ancestors 'none'; object-src 'none'"

// Vite puts a hash of the content into the names below assets: what such an
// address holds never changes. All else is asked for again, by its ETag.
const (
	hashed  = "/assets/"
	forever = "public, max-age=31536000, immutable"
	askEach = "no-cache"
)

// types does not hang on the tables of the machine that the server runs on.
var types = map[string]string{
	".css":   "text/css; charset=utf-8",
	".html":  "text/html; charset=utf-8",
	".ico":   "image/x-icon",
	".js":    "text/javascript; charset=utf-8",
	".json":  "application/json",
	".map":   "application/json",
	".png":   "image/png",
	".svg":   "image/svg+xml",
	".txt":   "text/plain; charset=utf-8",
	".woff2": "font/woff2",
}

// site is the built page: what is at each path. It does not change.
type site map[string]asset

type asset struct {
	body         []byte
	contentType  string
	cacheControl string
	etag         string
}

// newHandler serves dist/app of dist, or says how to build it.
func newHandler(dist fs.FS) http.Handler {
	pages, err := load(dist)
	if errors.Is(err, fs.ErrNotExist) {
		return guard(http.HandlerFunc(unbuilt))
	}
	if err != nil {
		panic(fmt.Sprintf("dashboard: the embedded page cannot be read: %v", err)) // it is memory
	}
	return guard(compressed(pages))
}

// compressed spends more on each file than is usual: a browser asks once for it.
func compressed(pages http.Handler) http.HandlerFunc {
	wrap, err := gzhttp.NewWrapper(gzhttp.CompressionLevel(gzip.BestCompression), gzhttp.ZstdCompressionLevel(int(zstd.SpeedBestCompression)))
	if err != nil {
		panic(fmt.Sprintf("dashboard: %v", err)) // the levels are those there are
	}
	return wrap(pages)
}

func load(dist fs.FS) (site, error) {
	app, err := fs.Sub(dist, "dist/app")
	if err != nil {
		return nil, err
	}
	pages := site{}
	err = fs.WalkDir(app, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := fs.ReadFile(app, name)
		if err != nil {
			return err
		}
		pages["/"+name] = newAsset("/"+name, body)
		return nil
	})
	if err != nil {
		return nil, err
	}
	index, ok := pages["/index.html"]
	if !ok {
		return nil, fmt.Errorf("dist/app/index.html: %w", fs.ErrNotExist)
	}
	pages["/"] = index
	return pages, nil
}

func newAsset(name string, body []byte) asset {
	a := asset{
		body:         body,
		contentType:  types[path.Ext(name)],
		cacheControl: askEach,
		etag:         fmt.Sprintf(`W/"%x"`, sha256.Sum256(body)), // weak: compressed or not, it is the same
	}
	if a.contentType == "" {
		a.contentType = "application/octet-stream"
	}
	if strings.HasPrefix(name, hashed) {
		a.cacheControl = forever
	}
	return a
}

func (s site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, ok := s[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "the page can only be read: use GET or HEAD", http.StatusMethodNotAllowed)
		return
	}
	h := w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("Cache-Control", a.cacheControl)
	h.Set("ETag", a.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.body))
}

// guard sets what every answer needs, errors included.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

const unbuiltPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<title>Tickwire: the dashboard is not built</title>
<h1>The dashboard is not built</h1>
<p>The server runs, but it was built without its page. With Node.js installed, run this in the source tree,
then build and start the server again:
<pre>go generate ./dashboard</pre>
`

func unbuilt(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", types[".html"])
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = w.Write([]byte(unbuiltPage)) // who closed the connection does not want it
}
