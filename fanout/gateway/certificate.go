package gateway

import (
	"crypto/tls"
	"log/slog"
	"slices"

	"tickwire/fanout/gateway/reload"
)

// Certificate is TLS with the certificate chain and the key of two PEM files.
// When they change, new connections get the new ones; a pair that does not go
// together is logged and the old one stays.
func Certificate(certFile, keyFile string, log *slog.Logger) (*tls.Config, error) {
	pair, err := reload.Open(log, func(contents [][]byte) (*tls.Certificate, error) {
		c, err := tls.X509KeyPair(contents[0], contents[1])
		return &c, err
	}, certFile, keyFile)
	if err != nil {
		return nil, err
	}
	return &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return pair.Get(), nil }}, nil
}

// secured is c as the gateway serves it: HTTP/2 for all but WebSockets, which
// their clients ask for by HTTP/1.1.
func secured(c *tls.Config) *tls.Config {
	c = c.Clone()
	c.DynamicRecordSizingDisabled = true // small records are as many system calls
	for _, protocol := range []string{"h2", "http/1.1"} {
		if !slices.Contains(c.NextProtos, protocol) {
			c.NextProtos = append(c.NextProtos, protocol)
		}
	}
	return c
}
