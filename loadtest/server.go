package loadtest

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"tickwire/fanout/wire"
)

// server is what a run asks of the server beside its subscriptions, over HTTP.
type server struct {
	base   url.URL
	token  func(ctx context.Context) (string, error)
	client *http.Client
}

// answerTime bounds one request, and a large snapshot is much.
const answerTime = 20 * time.Second

func newServer(p *Plan) (*server, error) {
	u, err := url.Parse(p.URL)
	if err != nil {
		return nil, err
	}
	s := &server{token: p.Token, client: &http.Client{Timeout: answerTime, Transport: &http.Transport{TLSClientConfig: cloned(p.TLS)}}}
	s.base = url.URL{Scheme: strings.Replace(u.Scheme, "ws", "http", 1), Host: u.Host, Path: strings.TrimSuffix(u.Path, "/ws")}
	return s, nil
}

func cloned(c *tls.Config) *tls.Config {
	if c == nil {
		return nil
	}
	return c.Clone()
}

func (s *server) close() { s.client.CloseIdleConnections() }

// get reads one answer into what it is of.
func (s *server) get(ctx context.Context, path string, query url.Values, into any) error {
	u := s.base
	u.Path += path
	u.RawQuery = query.Encode()
	r, err := http.NewRequestWithContext(ctx, "GET", u.String(), nil)
	if err != nil {
		return err
	}
	if s.token != nil {
		token, err := s.token(ctx)
		if err != nil {
			return fmt.Errorf("token: %w", err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(answer.Body, 200))
		return fmt.Errorf("GET %s: %s: %s", u.Path, answer.Status, strings.TrimSpace(string(said)))
	}
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		return fmt.Errorf("GET %s: %w", u.Path, err)
	}
	return nil
}

// snapshotSymbols is how many symbols are asked for at once; the URL stays
// short.
const snapshotSymbols = 200

// snapshot calls each with the newest value that the server has of each symbol.
func (s *server) snapshot(ctx context.Context, symbols []string, each func(wire.Update)) error {
	for part := range slices.Chunk(symbols, snapshotSymbols) {
		var answer struct {
			Data []wire.Update `json:"data"`
		}
		if err := s.get(ctx, "/snapshot", url.Values{"symbols": {strings.Join(part, ",")}}, &answer); err != nil {
			return err
		}
		for _, u := range answer.Data {
			each(u)
		}
	}
	return nil
}

// awaitTicks waits until the server has a tick of each symbol that is not older
// than since, microseconds since 1970.
func (s *server) awaitTicks(ctx context.Context, symbols []string, since int64) error {
	left := symbols
	for {
		newer := make(map[string]bool, len(left))
		err := s.snapshot(ctx, left, func(u wire.Update) { newer[u.Symbol] = u.Time >= since })
		if err == nil {
			if left = slices.DeleteFunc(slices.Clone(left), func(name string) bool { return newer[name] }); len(left) == 0 {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			if err != nil {
				return err
			}
			return fmt.Errorf("%d of the %d symbols that were published have not come to the server, such as %s: is it on this topic?", len(left), len(symbols), left[0])
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// ranked are all symbols that the server has, those that have ticked most first.
func (s *server) ranked(ctx context.Context) ([]string, error) {
	var answer struct {
		Data []wire.Update `json:"data"`
	}
	if err := s.get(ctx, "/snapshot", nil, &answer); err != nil {
		return nil, err
	}
	slices.SortStableFunc(answer.Data, func(a, b wire.Update) int { return cmp.Compare(b.Ordinal, a.Ordinal) })
	names := make([]string, len(answer.Data))
	for i, u := range answer.Data {
		names[i] = u.Symbol
	}
	return names, nil
}

// endpoint is the URL without what may be secret.
func (s *server) endpoint() string {
	u := s.base
	u.Scheme, u.Path = strings.Replace(u.Scheme, "http", "ws", 1), u.Path+"/ws"
	return u.String()
}

// metricsURL is where a server's metrics are by its admin address, which is
// such as 127.0.0.1:8081 or http://127.0.0.1:8081/.
func metricsURL(admin string) string {
	if !strings.Contains(admin, "://") {
		admin = "http://" + admin
	}
	return strings.TrimSuffix(strings.TrimSuffix(admin, "/"), "/metrics") + "/metrics"
}
