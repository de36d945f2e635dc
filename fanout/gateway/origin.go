package gateway

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Origins are web sites, by the header Origin that browsers send, RFC 6454.
type Origins []origin

type origin struct {
	scheme, host string
	below        bool // host stands for all that is below it
}

// ParseOrigins reads origins such as https://a.example and https://*.b.example;
// the latter stands for every host below b.example, not for itself. * is all.
func ParseOrigins(texts ...string) (Origins, error) {
	var all Origins
	for _, text := range texts {
		if text == "*" {
			all = append(all, origin{below: true})
			continue
		}
		o, ok := parseOrigin(text)
		host, below := strings.CutPrefix(o.host, "*.")
		if !ok || host == "" || strings.Contains(host, "*") {
			return nil, fmt.Errorf("%q is no origin: say https://a.example, https://*.b.example, or *", text)
		}
		all = append(all, origin{o.scheme, host, below})
	}
	return all, nil
}

// parseOrigin reads one origin: a scheme, a host and perhaps a port.
func parseOrigin(text string) (origin, bool) {
	text = strings.ToLower(text)
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || text != u.Scheme+"://"+u.Host {
		return origin{}, false
	}
	return origin{scheme: u.Scheme, host: u.Host}, true
}

func (o origin) matches(other origin) bool {
	switch {
	case o.host == "":
		return true
	case o.scheme != other.scheme:
		return false
	case o.below:
		return strings.HasSuffix(other.host, "."+o.host)
	}
	return o.host == other.host
}

// allow reports whether a page may connect: one of the server's own host, or of
// an origin that is named. What is no browser sends no Origin, and may.
func (o Origins) allow(r *http.Request) bool {
	lines := r.Header.Values("Origin")
	if len(lines) == 0 {
		return true
	}
	from, ok := parseOrigin(lines[0])
	if len(lines) > 1 {
		return false
	}
	if !ok { // such as null, of a page in a sandbox
		return slices.ContainsFunc(o, func(one origin) bool { return one.host == "" })
	}
	return from.host == strings.ToLower(r.Host) || slices.ContainsFunc(o, func(one origin) bool { return one.matches(from) })
}

// own reports whether a page that asks for this host can only be the server's
// own: it is an address, this machine's, or one of an origin that is named, as * names all. Any
// other name may be somebody else's, who has it lead to the server's address once
// his page is loaded (DNS rebinding): the browser then takes the two for one site.
func (o Origins) own(host string) bool {
	u, err := url.Parse("http://" + host)
	if err != nil || u.Host == "" {
		return false
	}
	name := strings.ToLower(u.Hostname())
	_, err = netip.ParseAddr(name)
	return err == nil || name == "localhost" || strings.HasSuffix(name, ".localhost") || slices.ContainsFunc(o, func(one origin) bool {
		return one.matches(origin{one.scheme, strings.ToLower(host), false})
	})
}

// share lets pages of a site that is allowed read the answer, by the rules of
// https://fetch.spec.whatwg.org/#http-cors-protocol.
func (o Origins) share(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Origin")
	if from := r.Header.Get("Origin"); from != "" && o.allow(r) {
		w.Header().Set("Access-Control-Allow-Origin", from)
	}
}

// servePreflight answers the browser that asks whether a page may send a token.
func (g *Gateway) servePreflight(w http.ResponseWriter, r *http.Request) {
	g.config.Limits.Origins.share(w, r)
	if r.Header.Get("Origin") == "" || !g.config.Limits.Origins.allow(r) {
		g.refuse(w, &badOrigin)
		return
	}
	w.Header().Set("Access-Control-Allow-Methods", "GET")
	w.Header().Set("Access-Control-Allow-Headers", "Authorization, Last-Event-ID")
	w.Header().Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}
