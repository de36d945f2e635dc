package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"tickwire/fanout/wire"
)

const acmeHost = "tick.example.test"

// secureNode is a tickwire with certificates from an authority.
type secureNode struct {
	*process
	addr string
}

func startSecure(t *testing.T, directory, cache string) secureNode {
	t.Helper()
	p := start(t, onFreePorts("--acme-host", acmeHost, "--acme-cache", cache, "--acme-directory", directory)...)
	n := secureNode{p, p.says(`^subscribe wss://(\S+)/v1/ws`)}
	admin := p.says(`^admin +http://(\S+)/`)
	until(t, "the feed is ready", func() bool { _, ok := get("http://" + admin + "/readyz"); return ok })
	return n
}

// hello connects a WebSocket to a host, at the node, and waits for hello. It
// returns the serial number of the node's certificate.
func (n secureNode) hello(t *testing.T, host string, roots *x509.CertPool) (serial string, err error) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, n.addr)
		},
	}
	defer transport.CloseIdleConnections()
	conn, answer, err := websocket.Dial(ctx, "wss://"+host+"/v1/ws", &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		return "", err
	}
	defer conn.CloseNow()
	_, text, err := conn.Read(ctx)
	if err != nil {
		return "", err
	}
	if m, err := wire.Parse(text); err != nil {
		t.Errorf("the first message: %v", err)
	} else if _, ok := m.(*wire.Hello); !ok {
		t.Errorf("the first message: got %s, want hello", text)
	}
	return answer.TLS.PeerCertificates[0].SerialNumber.String(), nil
}

// certified is hello as soon as there is a certificate.
func (n secureNode) certified(t *testing.T, roots *x509.CertPool) (serial string) {
	t.Helper()
	var err error
	until(t, "a certificate that the authority vouches for", func() bool {
		serial, err = n.hello(t, acmeHost, roots)
		return err == nil
	})
	return serial
}

func TestACertificateIsHadFromAnAuthorityAndKept(t *testing.T) {
	authority, cache := newPebble(t, []string{acmeHost, "other.example.test"}), filepath.Join(t.TempDir(), "cache")
	node := startSecure(t, authority.directory, cache)
	authority.start(node.addr)
	roots := authority.roots()
	if _, err := node.hello(t, "other.example.test", roots); err == nil || !strings.Contains(err.Error(), "remote error: tls") {
		t.Errorf("a host that is not on the list: got %v, want an alert", err)
	}
	serial := node.certified(t, roots)
	if said := authority.process.stdout.text(); !strings.Contains(said, acmeHost) || strings.Contains(said, "other.example.test") {
		t.Errorf("the authority was asked for other than %s: %s", acmeHost, said)
	}
	authority.process.cmd.Process.Kill()
	<-authority.process.ended
	second := startSecure(t, authority.directory, cache)
	if got, err := second.hello(t, acmeHost, roots); err != nil || got != serial {
		t.Errorf("another process with the same folder: got certificate %s, %v, want %s", got, err, serial)
	}
	node.interrupt()
	second.interrupt()
}

func TestACertificateNearItsEndIsRenewed(t *testing.T) {
	authority, cache := newPebble(t, []string{acmeHost}), t.TempDir()
	now := time.Now()
	cert, key := selfSigned(t, &x509.Certificate{DNSNames: []string{acmeHost}, NotBefore: now.Add(-100 * time.Hour), NotAfter: now.Add(10 * time.Hour)})
	if err := os.WriteFile(filepath.Join(cache, acmeHost), bytes.Join([][]byte{key, cert}, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	node := startSecure(t, authority.directory, cache)
	authority.start(node.addr)
	old := x509.NewCertPool()
	old.AppendCertsFromPEM(cert)
	if _, err := node.hello(t, acmeHost, old); err != nil {
		t.Errorf("until then: got %v, want the old certificate", err)
	}
	node.certified(t, authority.roots())
	if said := node.stderr.text(); strings.Count(said, "near its end") != 1 {
		t.Errorf("got %q, want one line about the old certificate", said)
	}
	node.interrupt()
}

func TestWhyThereIsNoCertificateIsSaidInOneLine(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		hosts    []string // that the authority finds
		blocked  []string
		runs     bool
		says     string
	}{
		{"the authority is away", nil, nil, false, "connection refused"},
		{"it refuses the host", []string{acmeHost}, []string{acmeHost}, true, "rejectedIdentifier"},
		{"it does not find the host", nil, nil, true, "Could not resolve"},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			authority := newPebble(t, tc.hosts, tc.blocked...)
			node := startSecure(t, authority.directory, t.TempDir())
			if tc.runs {
				authority.start(node.addr)
			}
			line := ""
			until(t, "a line that says why", func() bool {
				if _, err := node.hello(t, acmeHost, nil); err == nil || !strings.Contains(err.Error(), "remote error: tls") {
					t.Fatalf("got %v, want an alert", err)
				}
				for one := range strings.Lines(node.stderr.text()) {
					if strings.Contains(one, "no certificate") {
						line = one
					}
				}
				return line != ""
			})
			for _, want := range []string{acmeHost, authority.directory, tc.says} {
				if !strings.Contains(line, want) {
					t.Errorf("got %q, want it to say %s", line, want)
				}
			}
			if _, err := node.hello(t, acmeHost, nil); err == nil || !strings.Contains(err.Error(), "remote error: tls") {
				t.Errorf("the next client: got %v, want an alert", err)
			}
			if got := strings.Count(node.stderr.text(), "no certificate"); got != 1 {
				t.Errorf("got %d lines, want one", got)
			}
			node.interrupt()
		})
	}
}
