package loadtest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
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
	s := &server{token: p.Token, client: &http.Client{Timeout: answerTime, Transport: &http.Transport{TLSClientConfig: p.TLS.Clone()}}}
	s.base = url.URL{Scheme: strings.Replace(u.Scheme, "ws", "http", 1), Host: u.Host, Path: strings.TrimSuffix(u.Path, "/ws")}
	return s, nil
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
		return fmt.Errorf("the server at %s cannot be asked: %w", u.Host, plain(err))
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(answer.Body, 200))
		return fmt.Errorf("the server at %s answered GET %s with %s: %s", u.Host, u.Path, answer.Status, strings.Join(strings.Fields(string(said)), " "))
	}
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		return fmt.Errorf("the server at %s answered GET %s with what is no JSON: %w", u.Host, u.Path, err)
	}
	return nil
}

// plain is an error of a request without its URL, which may be long.
func plain(err error) error {
	if in := (*url.Error)(nil); errors.As(err, &in) {
		return in.Err
	}
	return err
}

// reachable asks for one symbol: a server that is not there, or that lets us in
// nowhere, is better known before anything is published.
func (s *server) reachable(ctx context.Context, symbol string) error {
	return s.snapshot(ctx, []string{symbol}, func(wire.Update) {})
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
	var failed error // the newest request that was answered or refused
	for {
		newer := make(map[string]bool, len(left))
		err := s.snapshot(ctx, left, func(u wire.Update) { newer[u.Symbol] = u.Time >= since })
		left = slices.DeleteFunc(slices.Clone(left), func(name string) bool { return newer[name] })
		if err == nil && len(left) == 0 {
			return nil
		}
		if ctx.Err() == nil {
			failed = err
		}
		select {
		case <-ctx.Done():
			switch {
			case !errors.Is(ctx.Err(), context.DeadlineExceeded):
				return context.Cause(ctx)
			case failed != nil:
				return failed
			}
			return fmt.Errorf("%d of the %d symbols that were published have not come to the server, such as %s: does it follow this topic?", len(left), len(symbols), left[0])
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
