package gateway

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tickwire/fanout"
)

func TestAnAuthorityThatSaysNothingHoldsNoHandshake(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // nobody accepts
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	config, err := ACME(ACMEConfig{Hosts: []string{"tick.example"}, Cache: t.TempDir(), Directory: "https://" + silent.Addr().String() + "/dir", Wait: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, Config{TLS: config}, fanout.Policy{})
	for range 3 { // who comes later waits no longer
		raw, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer raw.Close()
		raw.SetDeadline(time.Now().Add(patience))
		err = tls.Client(raw, &tls.Config{InsecureSkipVerify: true, ServerName: "tick.example"}).Handshake()
		if err == nil || !strings.Contains(err.Error(), "remote error: tls") {
			t.Errorf("got %v, want an alert", err)
		}
	}
	until(t, "no seat is taken", func() bool { return s.seats.count() == 0 })
}

// scripted are attempts whose certificate comes from a function.
func scripted(log *safeLog, certificate func() (*tls.Certificate, error)) *attempts {
	c := ACMEConfig{Directory: "https://authority.example/dir", Log: slog.New(slog.NewTextHandler(log, nil))}.withDefaults()
	return &attempts{config: c, why: &reason{}, certificate: func(string) (*tls.Certificate, error) { return certificate() }}
}

// valid is a certificate with so much of an hour left.
func valid(left time.Duration) *tls.Certificate {
	end := time.Now().Add(left)
	return &tls.Certificate{Leaf: &x509.Certificate{NotBefore: end.Add(-time.Hour), NotAfter: end}}
}

func TestAFailedAttemptIsSaidOnceAndMadeAgainLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log safeLog
		asked, failure := 0, errors.New("no such host")
		a := scripted(&log, func() (*tls.Certificate, error) { asked++; return valid(time.Hour), failure })
		for range 100 {
			if _, err := a.get(t.Context(), "tick.example"); !errors.Is(err, failure) {
				t.Fatalf("got %v, want %v", err, failure)
			}
			time.Sleep(betweenAttempts / 101)
		}
		if said := log.text(); asked != 1 || strings.Count(said, "\n") != 1 || !strings.Contains(said, "no such host") {
			t.Errorf("asked %d times, said %q, want once each", asked, said)
		}
		time.Sleep(betweenAttempts)
		failure = nil
		if _, err := a.get(t.Context(), "tick.example"); err != nil {
			t.Errorf("later: got %v", err)
		}
	})
}

func TestAHandshakeWaitsForTheFirstCertificateButNotForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log safeLog
		a := scripted(&log, func() (*tls.Certificate, error) { time.Sleep(10 * time.Second); return valid(time.Hour), nil })
		start := time.Now()
		for i, want := range []error{errAsking, errAsking} {
			if _, err := a.get(t.Context(), "tick.example"); !errors.Is(err, want) {
				t.Errorf("client %d: got %v, want %v", i, err, want)
			}
		}
		if took := time.Since(start); took != 2*a.config.Wait {
			t.Errorf("they waited %v, want %v", took, 2*a.config.Wait)
		}
		if _, err := a.get(t.Context(), "tick.example"); err != nil {
			t.Errorf("when it is there: got %v", err)
		}
	})
}

func TestACertificateThatIsNotRenewedIsSaidOnceAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tc := range []struct {
			left time.Duration
			said int
		}{{30 * time.Minute, 0}, {11 * time.Minute, 0}, {9 * time.Minute, 1}, {-time.Minute, 1}} {
			var log safeLog
			c := valid(tc.left)
			a := scripted(&log, func() (*tls.Certificate, error) { return c, nil })
			for range 10 {
				if _, err := a.get(t.Context(), "tick.example"); err != nil {
					t.Error(err)
				}
			}
			if got := strings.Count(log.text(), "near its end"); got != tc.said {
				t.Errorf("with %v of an hour left: got %d lines, want %d", tc.left, got, tc.said)
			}
		}
	})
}

func TestACMEForWhatNoAuthorityCertifies(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		config   ACMEConfig
		says     string
	}{
		{"a directory without TLS", ACMEConfig{Directory: "http://authority.example/dir"}, "https"},
		{"a directory that is none", ACMEConfig{Directory: "authority.example"}, "https"},
		{"a pattern", ACMEConfig{Hosts: []string{"*.example.com"}}, "*.example.com"},
		{"a name of one part", ACMEConfig{Hosts: []string{"localhost"}}, "localhost"},
		{"an address", ACMEConfig{Hosts: []string{"192.0.2.1"}}, "192.0.2.1"},
		{"a URL", ACMEConfig{Hosts: []string{"a.example", "https://b.example"}}, "https://b.example"},
		{"nothing", ACMEConfig{Hosts: []string{""}}, `""`},
	} {
		if _, err := ACME(tc.config); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: got %v, want it to say %s", tc.scenario, err, tc.says)
		}
	}
	if _, err := ACME(ACMEConfig{Hosts: []string{"Tick.Example", "b\u00fccher.example"}}); err != nil {
		t.Errorf("names as people write them: %v", err)
	}
}

func TestComplaintsOfAnAuthority(t *testing.T) {
	for answer, want := range map[string]string{
		`{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many"}`:                                                                                                 "too many",
		`{"type":"urn:ietf:params:acme:error:badNonce","detail":"stale"}`:                                                                                                       "",
		`{"status":"invalid","identifier":{"type":"dns","value":"a.example"},"challenges":[{"type":"http-01"},{"type":"tls-alpn-01","error":{"type":"x","detail":"refused"}}]}`: "a.example: tls-alpn-01: refused",
		`{"status":"pending","identifier":{"type":"dns","value":"a.example"},"challenges":[{"type":"tls-alpn-01"}]}`:                                                            "",
		`{"newNonce":"https://a.example/nonce"}`:                                                                                                                                "",
		`[1`:                                                                                                                                                                    "",
	} {
		if got := complaint([]byte(answer)); got != want {
			t.Errorf("%s: got %q, want %q", answer, got, want)
		}
	}
}
