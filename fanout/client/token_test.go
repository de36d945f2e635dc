package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tickwire/fanout/wire"
)

// tokens gives one token after the other, and fails for those that are "".
func tokens(all ...string) func(context.Context) (string, error) {
	at := 0
	return func(context.Context) (string, error) {
		at++
		if token := all[min(at, len(all))-1]; token != "" {
			return token, nil
		}
		return "", errors.New("the vault is sealed")
	}
}

func withToken(token func(context.Context) (string, error)) Config {
	c := subscribed("A")
	c.Token = token
	return c
}

func TestShowsATokenAtEveryConnect(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		token    func(context.Context) (string, error)
		want     []string
	}{
		{"a fresh one each time", tokens("t1", "t2"), []string{"Bearer t1", "Bearer t2"}},
		{"none when it is empty", func(context.Context) (string, error) { return "", nil }, []string{"", ""}},
		{"none", nil, []string{"", ""}},
		{"when it was to be had at last", tokens("t1", "", "", "t3"), []string{"Bearer t1", "Bearer t3"}},
		{"never what a header cannot hold", tokens("t1", "t2\r\nX: y", "t 2", "tö", "t3"), []string{"Bearer t1", "Bearer t3"}},
	} {
		when(t, tc.scenario, func(t *testing.T) {
			var shown []string
			r := launch(t, withToken(tc.token), func(n int, p *peer) {
				shown = append(shown, p.header.Get("Authorization"))
				p.hello()
				p.grant()
				if n == 1 {
					p.close(4000)
				}
			})
			time.Sleep(12 * time.Second)
			synctest.Wait()
			r.end()
			want(t, "shown", shown, tc.want)
		})
	}
}

func TestATokenThatCannotBeHadIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := launch(t, withToken(func(ctx context.Context) (string, error) {
			<-ctx.Done() // and never answers
			return "", ctx.Err()
		}), func(_ int, p *peer) { p.obey() })
		time.Sleep(time.Minute)
		waits := r.waits()
		want(t, "Run", r.end(), nil)
		if len(waits) < 2 || !strings.Contains(waits[0].Err.Error(), "no token: context deadline exceeded") {
			t.Errorf("got %v, want waits for a token", waits)
		}
		want(t, "dials", r.server.dials.Load(), 0)
	})
}

func TestATokenIsRenewedOnTheLiveConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := make(chan wire.Request, 2)
		r := launch(t, withToken(tokens("t1", "", "t2")), func(_ int, p *peer) {
			p.hello()
			p.grant()
			expires := wire.Notice{Type: wire.TypeNotice, Code: noticeExpires, InMS: 60000}
			p.say(expires)
			p.say(expires) // once is enough
			time.Sleep(time.Second)
			p.say(wire.Heartbeat{Type: wire.TypeHeartbeat})
			asked <- p.grant()
			p.snapshot(at("A", 1, 1))
			asked <- p.grant()
		})
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if _, err := r.client.Subscribe(t.Context(), onTicker(0, "B")); err != nil {
			t.Fatal(err)
		}
		r.end()
		q := <-asked
		want(t, "op", q.Op, wire.OpAuth)
		want(t, "token", q.Token, "t2")
		want(t, "the next request", (<-asked).Op, wire.OpSubscribe)
		want(t, "connections", r.client.Stats().Connections, 1)
		slices.Sort(r.told) // the fault may come before the second notice or behind it
		want(t, "told", r.told, []string{"fault no token: the vault is sealed", "heartbeat 0",
			"notice expires 60000 ms", "notice expires 60000 ms", "snapshot A q=1 n=1 p=1.50"})
	})
}

func TestANoticeOfAConnectionWithoutTokenIsOnlyTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := launch(t, subscribed("A"), func(_ int, p *peer) {
			p.hello()
			p.grant()
			p.say(wire.Notice{Type: wire.TypeNotice, Code: noticeExpires, InMS: 1})
			t.Errorf("the client asked for %v, want nothing", p.hear())
		})
		time.Sleep(5 * time.Second)
		r.end()
		want(t, "told", r.told, []string{"notice expires 1 ms"})
	})
}

func TestRunEndsWhileATokenIsAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := true
		r := launch(t, withToken(func(ctx context.Context) (string, error) {
			if first {
				first = false
				return "t1", nil
			}
			<-ctx.Done()
			return "", ctx.Err()
		}), func(_ int, p *peer) {
			p.hello()
			p.grant()
			p.say(wire.Notice{Type: wire.TypeNotice, Code: noticeExpires})
		})
		time.Sleep(time.Second)
		synctest.Wait()
		want(t, "Run", r.end(), nil)
		want(t, "told", r.told, []string{"notice expires 0 ms"})
	})
}

func TestARefusedHandshakeIsFinalUnlessATokenWasGoodOnce(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		status   int
		token    func(context.Context) (string, error)
		good     int // connections before the refusal
		again    bool
	}{
		{"no token", http.StatusUnauthorized, nil, 1, false},
		{"never good", http.StatusUnauthorized, tokens("t"), 0, false},
		{"good once", http.StatusUnauthorized, tokens("t"), 1, true},
		{"good, but not for this", http.StatusForbidden, tokens("t"), 1, false},
	} {
		when(t, tc.scenario, func(t *testing.T) {
			s := newServer(t, func(_ int, p *peer) {
				p.hello()
				p.grant()
				time.Sleep(time.Second)
				p.close(4000)
			}, nil)
			s.refuse = func(n int) int {
				if n == tc.good+1 {
					return tc.status
				}
				return 0
			}
			r := launchAt(t, withToken(tc.token), s)
			time.Sleep(4 * time.Second)
			synctest.Wait()
			err := r.end()
			var refused *HandshakeError
			if tc.again == errors.As(err, &refused) {
				t.Errorf("got %v, want to come again: %v", err, tc.again)
			}
			want(t, "came again", r.server.dials.Load() > int64(tc.good+1), tc.again)
		})
	}
}

// TestTokensAreNeverTold has servers that repeat what they were shown.
func TestTokensAreNeverTold(t *testing.T) {
	const secret = "eyJ.secret.sig"
	var said []string
	collect := func(r *rig, err error) {
		said = append(said, r.told...)
		said = append(said, fmt.Sprint(err), fmt.Sprintf("%v %+v", r.states, r.client))
	}
	when(t, "in a refused handshake", func(t *testing.T) {
		r := launchAt(t, withToken(tokens(secret)), newServer(t, nil, func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "who is "+r.Header.Get("Authorization"), http.StatusUnauthorized)
		}))
		time.Sleep(time.Second)
		err := r.end()
		if err == nil || !strings.Contains(err.Error(), "who is Bearer (token)") {
			t.Errorf("got %v, want the server's text without the token", err)
		}
		collect(r, err)
	})
	when(t, "in a refused renewal", func(t *testing.T) {
		r := launch(t, withToken(tokens(secret)), func(_ int, p *peer) {
			p.hello()
			p.grant()
			p.say(wire.Notice{Type: wire.TypeNotice, Code: noticeExpires})
			q := p.hear()
			p.say(wire.Error{Type: wire.TypeError, ID: q.ID, Code: wire.BadRequest, Message: "not good: " + q.Token})
		})
		synctest.Wait()
		collect(r, r.end())
		want(t, "told", r.told, []string{"notice expires 0 ms", "fault the server refused the request: not good: (token) (bad_request)"})
	})
	when(t, "when a header cannot hold it", func(t *testing.T) {
		r := launch(t, withToken(tokens(secret+"\n")), func(_ int, p *peer) { p.obey() })
		time.Sleep(time.Second)
		collect(r, r.end())
	})
	if i := slices.IndexFunc(said, func(s string) bool { return strings.Contains(s, "secret") }); i >= 0 {
		t.Errorf("a token was told: %s", said[i])
	}
}
