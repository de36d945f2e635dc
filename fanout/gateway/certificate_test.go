package gateway

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tickwire/fanout"
	"tickwire/fanout/wire"
)

// issue makes a certificate for a host, signed by itself, as PEM.
func issue(t *testing.T, host string, serial int64) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(365 * 24 * time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret})
}

func replace(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name+".new", content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		t.Fatal(err)
	}
}

// dialTLS connects a WebSocket by TLS and returns the serial number of the
// server's certificate.
func dialTLS(t *testing.T, addr string) (*peer, int64) {
	t.Helper()
	raw, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	secure := tls.Client(raw, &tls.Config{InsecureSkipVerify: true, ServerName: "tick.example", NextProtos: []string{"http/1.1"}})
	t.Cleanup(func() { secure.Close() })
	secure.SetDeadline(time.Now().Add(patience))
	p := newPeer(t, secure)
	if answer, body := p.shake("/v1/ws"); answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("handshake: got %s %s", answer.Status, body)
	}
	return p, secure.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

func TestACertificateThatChangesIsUsedAndABadOneIsNot(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	cert, key := issue(t, "tick.example", 1)
	replace(t, certFile, cert)
	replace(t, keyFile, key)
	var log safeLog
	config, err := Certificate(certFile, keyFile, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, Config{TLS: config}, fanout.Policy{})
	s.trade("A", 0, "1")
	first, serial := dialTLS(t, s.addr)
	if serial != 1 {
		t.Errorf("got certificate %d, want 1", serial)
	}
	first.text(`{"op":"subscribe","channel":"ticker","symbols":["A"]}`)
	message[wire.Data](first)

	second, secondKey := issue(t, "tick.example", 2)
	replace(t, certFile, second) // its key has still to come
	until(t, "it is said that the pair is bad", func() bool {
		if _, serial := dialTLS(t, s.addr); serial != 1 {
			t.Fatalf("half-way: got certificate %d, want the old one", serial)
		}
		return strings.Contains(log.text(), "stays in force")
	})
	replace(t, keyFile, secondKey)
	until(t, "the new one", func() bool { _, serial := dialTLS(t, s.addr); return serial == 2 })
	if strings.Contains(log.text(), "PRIVATE") {
		t.Errorf("the log has a key: %s", log.text())
	}
	s.trade("A", 1, "2")
	if u := message[wire.Data](first).Data[0]; u.Seq != 1 {
		t.Errorf("a session of before: got %+v, want seq 1", u)
	}
}

func TestRestByHTTP2AndWebSocketsBesideIt(t *testing.T) {
	config, trust := identity()
	s := serve(t, Config{TLS: config, Access: verifier{"good": {}}}, fanout.Policy{})
	s.trade("A", 0, "1")
	transport := &http.Transport{TLSClientConfig: trust.Clone(), ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	get := func(path string, header http.Header) (*http.Response, string) {
		r, _ := http.NewRequestWithContext(context.Background(), "GET", "https://"+s.addr+path, nil)
		if header != nil {
			r.Header = header
		}
		answer, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer, string(body)
	}
	for path, want := range map[string]string{"/v1/symbols": `{"symbols":["A"]}`, "/v1/snapshot": `"s":"A"`} {
		answer, body := get(path, http.Header{"Authorization": {"Bearer good"}})
		if answer.ProtoMajor != 2 || answer.StatusCode != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: got %s %s %s, want HTTP/2 and %s", path, answer.Proto, answer.Status, body, want)
		}
	}
	if answer, _ := get("/v1/symbols", nil); answer.ProtoMajor != 2 || answer.StatusCode != 401 {
		t.Errorf("without a token: got %s %s, want 401", answer.Proto, answer.Status)
	}
	if answer, _ := get("/v1/ws", http.Header{"Authorization": {"Bearer good"}}); answer.StatusCode != http.StatusUpgradeRequired {
		t.Errorf("a WebSocket by HTTP/2: got %s, want 426", answer.Status)
	}
	p, _ := dialTLS(t, s.addr)
	message[wire.Hello](p)
	p.text(authOp("good"))
	message[wire.Ack](p)
}

func TestACMEServesFromItsCacheAndOnlyItsHosts(t *testing.T) {
	cache := t.TempDir()
	cert, key := issue(t, "tick.example", 7)
	if err := os.WriteFile(filepath.Join(cache, "tick.example"), bytes.Join([][]byte{key, cert}, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := ACME(ACMEConfig{Hosts: []string{"tick.example"}, Cache: cache, Directory: "https://127.0.0.1:1/nobody"})
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, Config{TLS: config}, fanout.Policy{})
	if _, serial := dialTLS(t, s.addr); serial != 7 {
		t.Errorf("got certificate %d, want that of the cache", serial)
	}
	raw, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if err := tls.Client(raw, &tls.Config{InsecureSkipVerify: true, ServerName: "other.example"}).Handshake(); err == nil {
		t.Error("it served a host that is not its own")
	}
	until(t, "it is counted", func() bool { return s.turnedAwayFor(whyNoRequest) == 1 })
}

func TestATLSHandshakeThatNeverEndsIsCountedAndEnded(t *testing.T) {
	t.Parallel()
	config, _ := identity()
	s := serve(t, Config{TLS: config, Limits: Limits{Handshake: lateHandshake}}, fanout.Policy{})
	p := connect(t, s.addr)
	p.write([]byte{22, 3, 1})
	if answer, err := io.ReadAll(p.r); err != nil || strings.Contains(string(answer), "HTTP") {
		t.Errorf("got %q, %v, want the end", answer, err)
	}
	if got := s.turnedAwayFor(whyTimeout); got != 1 {
		t.Errorf("counted: got %v, want 1", got)
	}
}

func TestACertificateThatIsNoneIsSaidAtOnce(t *testing.T) {
	name := writeFile(t, "hello")
	if _, err := Certificate(name, name, slog.Default()); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("got %v, want an error that names the files", err)
	}
	if _, err := Certificate("/nope", "/nope", slog.Default()); err == nil || !strings.Contains(fmt.Sprint(err), "/nope") {
		t.Errorf("got %v, want an error that names the file", err)
	}
}
