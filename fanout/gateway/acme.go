package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
	"golang.org/x/net/idna"
	"golang.org/x/time/rate"
)

// ACMEConfig says for which hosts certificates are asked for, and of whom.
type ACMEConfig struct {
	// Hosts are the names that clients connect to. Others get no certificate.
	Hosts []string
	// Cache is the folder for certificates, their keys and the key of the account.
	Cache string
	// Directory is the https URL of the authority's directory (RFC 8555, section
	// 7.1.1). Its own certificate is checked with the system's roots; on Unix,
	// SSL_CERT_FILE names the file of others. Default: that of Let's Encrypt.
	Directory string
	// Wait is how long a client waits for the first certificate of a host. It must
	// be less than Limits.Handshake, or the client hears nothing. Default: 4 s.
	Wait time.Duration
	// Log gets what an operator should know. Default: slog.Default.
	Log *slog.Logger
}

func (c ACMEConfig) withDefaults() ACMEConfig {
	if c.Directory == "" {
		c.Directory = autocert.DefaultACMEDirectory
	}
	if c.Wait <= 0 {
		c.Wait = 4 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c
}

// check says what no authority could give a certificate with.
func (c ACMEConfig) check() error {
	u, err := url.Parse(c.Directory)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("the authority's directory %q is no https URL", c.Directory)
	}
	for _, host := range c.Hosts {
		if _, err := idna.Lookup.ToASCII(host); err != nil || !strings.Contains(strings.Trim(host, "."), ".") || strings.HasSuffix(host, ".") {
			return fmt.Errorf("the host %q is no full name of one, such as ticks.example.com", host)
		}
		if _, err := netip.ParseAddr(host); err == nil {
			return fmt.Errorf("the host %q is an address: certificates are for names", host)
		}
	}
	return nil
}

// ACME is TLS with certificates that an authority gives by the protocol ACME (RFC
// 8555). The first client of a host has it asked for; it is kept in the folder,
// and renewed when a third of its life, or 30 days, is left. The authority makes
// sure of a host by the challenge TLS-ALPN-01 (RFC 8737), which the listener
// itself answers: it connects to port 443 of the host. Keys are of ECDSA. An
// attempt that fails is logged and the next one is a minute later; the clients get
// an alert until then. Whoever uses this agrees to the authority's terms of
// service.
func ACME(c ACMEConfig) (*tls.Config, error) {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return nil, err
	}
	why := &reason{next: http.DefaultTransport}
	m := &autocert.Manager{
		Prompt: autocert.AcceptTOS, HostPolicy: autocert.HostWhitelist(c.Hosts...), Cache: autocert.DirCache(c.Cache),
		Client: &acme.Client{DirectoryURL: c.Directory, HTTPClient: &http.Client{Timeout: askTime, Transport: why}, RetryBackoff: askAgain},
	}
	a := &attempts{config: c, why: why, certificate: func(host string) (*tls.Certificate, error) { return m.GetCertificate(helloOf(host)) }}
	config := m.TLSConfig()
	config.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == acme.ALPNProto {
			return m.GetCertificate(hello) // the authority's challenge
		}
		host, err := idna.Lookup.ToASCII(hello.ServerName)
		if err == nil {
			err = m.HostPolicy(hello.Context(), host)
		}
		if err != nil {
			return nil, err
		}
		return a.get(hello.Context(), host)
	}
	return config, nil
}

// askTime bounds a request to the authority.
const askTime = 20 * time.Second

// askAgain is the time before a request to the authority is made again that it
// could not serve. One that comes too often is not: it may be a matter of hours.
func askAgain(n int, _ *http.Request, answer *http.Response) time.Duration {
	if n > 4 || answer.StatusCode == http.StatusTooManyRequests {
		return 0
	}
	return 250 * time.Millisecond << n
}

// helloOf is the same for all clients of a host: autocert chooses the kind of key
// by it, and each kind would be one more certificate.
func helloOf(host string) *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{ServerName: host, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}
}

// attempts are the first certificates of hosts. autocert asks for them in the
// handshake of a client, for minutes if need be, while all others wait; here an
// attempt has a goroutine of its own, one for a host, which ends when the
// authority has answered or autocert gives up, after five minutes.
type attempts struct {
	config      ACMEConfig
	why         *reason
	certificate func(host string) (*tls.Certificate, error) // at once, when there is one

	mu     sync.Mutex // protects what follows
	byHost map[string]*attempt
}

type attempt struct {
	done chan struct{}
	// When done is closed:
	err   error     // why there is no certificate
	again time.Time // when to try again
	late  rate.Sometimes
}

// betweenAttempts is the time between attempts. autocert has the same of a minute, in which
// it does not say why there is no certificate.
const betweenAttempts = time.Minute + 5*time.Second

// errAsking is for clients that come while the authority is being asked.
var errAsking = errors.New("the authority has not given the certificate yet")

// get is the certificate of a host, which must be one of the config's.
func (a *attempts) get(ctx context.Context, host string) (*tls.Certificate, error) {
	one := a.attempt(host)
	enough := time.NewTimer(a.config.Wait)
	defer enough.Stop()
	select {
	case <-one.done:
	case <-enough.C:
		return nil, errAsking
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if one.err != nil {
		return nil, one.err
	}
	c, err := a.certificate(host)
	if err == nil && nearEnd(c) {
		one.late.Do(func() {
			a.config.Log.Warn("a certificate is near its end and has not been renewed", "host", host, "until", c.Leaf.NotAfter, "authority", a.config.Directory, "error", a.why.text())
		})
	}
	return c, err
}

// attempt is the host's last one, or a new one when that has failed long ago.
func (a *attempts) attempt(host string) *attempt {
	a.mu.Lock()
	defer a.mu.Unlock()
	if one := a.byHost[host]; one != nil && !one.stale() {
		return one
	}
	if a.byHost == nil {
		a.byHost = make(map[string]*attempt)
	}
	one := &attempt{done: make(chan struct{}), late: rate.Sometimes{Interval: time.Hour}}
	a.byHost[host] = one
	go a.try(one, host)
	return one
}

func (a *attempts) try(one *attempt, host string) {
	defer close(one.done)
	a.why.clear()
	c, err := a.certificate(host)
	if err != nil {
		if why := a.why.text(); !strings.Contains(err.Error(), why) {
			err = fmt.Errorf("%s (%w)", why, err)
		}
		one.err, one.again = err, time.Now().Add(betweenAttempts)
		a.config.Log.Warn("no certificate from the authority, which must reach the host on port 443; it is asked again in a minute", "host", host, "authority", a.config.Directory, "error", err)
		return
	}
	a.config.Log.Info("there is a certificate", "host", host, "until", c.Leaf.NotAfter)
}

// stale reports whether it has failed, and long ago.
func (one *attempt) stale() bool {
	select {
	case <-one.done:
		return one.err != nil && !time.Now().Before(one.again)
	default:
		return false
	}
}

// nearEnd reports whether a certificate should have been renewed: at a third of
// its life it was time to, and now half of that has passed.
func nearEnd(c *tls.Certificate) bool {
	return time.Until(c.Leaf.NotAfter) < c.Leaf.NotAfter.Sub(c.Leaf.NotBefore)/6
}
