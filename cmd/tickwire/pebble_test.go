package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"tickwire/deploy/needs"
)

// pebble is Let's Encrypt's authority for tests
// (https://github.com/letsencrypt/pebble), a process of its own that validates as
// the real one does: it asks a resolver for the host and connects to it.
type pebble struct {
	t          *testing.T
	directory  string // URL
	management string // address
	folder     string // of its config and its own certificate
	program    string
	resolver   string // address
	blocked    []string
	process    *process
}

// newPebble is an authority that does not run yet, but has its addresses, which
// processes that start from now on trust. It finds hosts on this machine, and has
// a policy against those that are blocked.
func newPebble(t *testing.T, hosts []string, blocked ...string) *pebble {
	t.Helper()
	program, err := findPebble()
	needs.Have(t, "pebble", err)
	p := &pebble{t: t, directory: "https://" + freeAddr(t) + "/dir", management: freeAddr(t), folder: t.TempDir(),
		program: program, resolver: resolve(t, hosts), blocked: blocked}
	now := time.Now()
	cert, key := selfSigned(t, &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour)})
	p.write("cert.pem", cert)
	p.write("key.pem", key)
	t.Setenv("SSL_CERT_FILE", filepath.Join(p.folder, "cert.pem"))
	return p
}

func findPebble() (program string, err error) {
	if slices.Contains([]string{"windows", "darwin", "ios"}, runtime.GOOS) {
		return "", errors.New("it is trusted by SSL_CERT_FILE, which this system does not heed")
	}
	if program, err = exec.LookPath("pebble"); err != nil {
		return "", errors.New("it is not on the PATH: go install github.com/letsencrypt/pebble/v2/cmd/pebble@v2.10.1")
	}
	return program, nil
}

func (p *pebble) write(name string, content []byte) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.folder, name), content, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// start runs it. It validates at the port of addr.
func (p *pebble) start(addr string) {
	p.t.Helper()
	at, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		p.t.Fatal(err)
	}
	config, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress":           strings.TrimSuffix(strings.TrimPrefix(p.directory, "https://"), "/dir"),
		"managementListenAddress": p.management,
		"certificate":             filepath.Join(p.folder, "cert.pem"),
		"privateKey":              filepath.Join(p.folder, "key.pem"),
		"tlsPort":                 at.Port,
		"domainBlocklist":         p.blocked,
		"retryAfter":              map[string]int{"authz": 1, "order": 1},
		"keyAlgorithm":            "ecdsa",
	}})
	if err != nil {
		p.t.Fatal(err)
	}
	p.write("config.json", config)
	cmd := exec.Command(p.program, "-config", filepath.Join(p.folder, "config.json"), "-dnsserver", p.resolver)
	cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1", "PEBBLE_VA_ALWAYS_VALID=0")
	p.process = launch(p.t, "pebble", cmd)
	until(p.t, "the authority", func() bool {
		select {
		case <-p.process.ended:
			p.t.Fatalf("pebble ended: %v", p.process.err)
		default:
		}
		_, err := p.root()
		return err == nil
	})
}

// roots are what its clients trust.
func (p *pebble) roots() *x509.CertPool {
	p.t.Helper()
	root, err := p.root()
	if err != nil {
		p.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(root) {
		p.t.Fatalf("the authority's root is no certificate: %s", root)
	}
	return pool
}

func (p *pebble) root() ([]byte, error) {
	own, err := os.ReadFile(filepath.Join(p.folder, "cert.pem"))
	if err != nil {
		return nil, err
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(own)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}, DisableKeepAlives: true}, Timeout: 5 * time.Second}
	answer, err := client.Get("https://" + p.management + "/roots/0")
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, errors.New(answer.Status)
	}
	return io.ReadAll(answer.Body)
}

// freeAddr is an address of this machine that nobody has.
func freeAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// selfSigned makes a certificate of a template, as PEM.
func selfSigned(t *testing.T, template *x509.Certificate) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber, template.Subject, template.IsCA, template.BasicConstraintsValid = big.NewInt(1), pkix.Name{CommonName: "a test"}, true, true
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

// resolve answers questions for the IPv4 addresses of hosts with this machine's,
// and all others with nothing, by TCP (RFC 7766) until the test ends. It returns
// its address.
func resolve(t *testing.T, hosts []string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	t.Cleanup(func() { ln.Close(); serving.Wait() })
	serving.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(5 * time.Second)) // a question each
				if err := resolveOne(conn, hosts); err != nil {
					t.Errorf("the resolver: %v", err)
				}
			})
		}
	})
	return ln.Addr().String()
}

func resolveOne(conn net.Conn, hosts []string) error {
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return err
	}
	packed := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(conn, packed); err != nil {
		return err
	}
	var m dnsmessage.Message
	if err := m.Unpack(packed); err != nil {
		return err
	}
	if len(m.Questions) != 1 {
		return fmt.Errorf("got %d questions, want one", len(m.Questions))
	}
	m.Header.Response, m.Additionals = true, nil
	if q := m.Questions[0]; q.Type == dnsmessage.TypeA && slices.Contains(hosts, strings.TrimSuffix(q.Name.String(), ".")) {
		m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class}, Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}}}}
	}
	answer, err := m.AppendPack(make([]byte, 2))
	if err != nil {
		return err
	}
	binary.BigEndian.PutUint16(answer, uint16(len(answer)-2))
	_, err = conn.Write(answer)
	return err
}
