package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"tickwire/fanout/gateway"
	"tickwire/fanout/gateway/access"
)

// accessFlags say who may have what.
type accessFlags struct {
	Auth        string `group:"access" help:"What clients must bring: none: nothing; keys: a key of --auth-keys; jwt: a JSON Web Token." enum:"none,keys,jwt" default:"none"`
	AuthKeys    string `group:"access" help:"JSON file of keys and what they grant; it may change at any time." placeholder:"FILE"`
	JWTSecret   string `group:"access" name:"jwt-secret" help:"File with the secret of HS256." placeholder:"FILE"`
	JWTKey      string `group:"access" name:"jwt-key" help:"PEM file with public keys, for RS256, ES256 and EdDSA." placeholder:"FILE"`
	JWTKeySet   string `group:"access" name:"jwt-jwks" help:"JWKS, a file or a URL, which is asked again." placeholder:"FILE|URL"`
	JWTAudience string `group:"access" name:"jwt-audience" help:"Audience that tokens must be for." placeholder:"NAME"`
	JWTIssuer   string `group:"access" name:"jwt-issuer" help:"Issuer that tokens must be from." placeholder:"NAME"`
}

// verifier is nil where no token is needed.
func (f *accessFlags) verifier(ctx context.Context) (access.Verifier, error) {
	jwt := access.JWTConfig{Secret: f.JWTSecret, PEM: f.JWTKey, JWKS: f.JWTKeySet, Audience: f.JWTAudience, Issuer: f.JWTIssuer, Log: slog.Default()}
	switch {
	case f.Auth != "keys" && f.AuthKeys != "":
		return nil, errors.New("--auth-keys goes with --auth keys")
	case f.Auth != "jwt" && (jwt.Secret != "" || jwt.PEM != "" || jwt.JWKS != "" || jwt.Audience != "" || jwt.Issuer != ""):
		return nil, errors.New("--jwt-secret, --jwt-key, --jwt-jwks, --jwt-audience and --jwt-issuer go with --auth jwt")
	case f.Auth == "keys":
		if f.AuthKeys == "" {
			return nil, errors.New("--auth keys needs --auth-keys FILE")
		}
		keys, err := access.OpenKeys(f.AuthKeys, slog.Default())
		if err != nil {
			return nil, fmt.Errorf("--auth-keys: %w", err)
		}
		return keys, nil
	case f.Auth == "jwt":
		v, err := access.NewJWT(ctx, jwt)
		if err != nil {
			return nil, fmt.Errorf("--auth jwt (--jwt-secret, --jwt-key or --jwt-jwks): %w", err)
		}
		return v, nil
	}
	return nil, nil
}

// tlsFlags say how the connections of clients are encrypted.
type tlsFlags struct {
	TLSCert       string   `group:"tls" name:"tls-cert" help:"PEM file with the certificate chain; it may change at any time." placeholder:"FILE"`
	TLSKey        string   `group:"tls" name:"tls-key" help:"PEM file with its key." placeholder:"FILE"`
	ACMEHosts     []string `group:"tls" name:"acme-host" help:"Host to get a certificate for by ACME; the authority must reach it on port 443, and using it accepts its terms. May be repeated." placeholder:"HOST"`
	ACMECache     string   `group:"tls" name:"acme-cache" help:"Folder for those certificates." placeholder:"DIR"`
	ACMEDirectory string   `group:"tls" name:"acme-directory" help:"https URL of the authority's directory; empty: Let's Encrypt's. Of a private authority SSL_CERT_FILE names the roots that its own certificate is checked with." placeholder:"URL"`
}

// tls is nil for plain connections. A handshake may take that long.
func (f *tlsFlags) tls(handshake time.Duration) (*tls.Config, error) {
	switch {
	case (f.TLSCert == "") != (f.TLSKey == ""):
		return nil, errors.New("--tls-cert and --tls-key go together")
	case (len(f.ACMEHosts) == 0) != (f.ACMECache == ""):
		return nil, errors.New("--acme-host and --acme-cache go together")
	case f.ACMEDirectory != "" && f.ACMECache == "":
		return nil, errors.New("--acme-directory goes with --acme-host and --acme-cache")
	case f.TLSCert != "" && f.ACMECache != "":
		return nil, errors.New("certificates come from --tls-cert or from --acme-host, not from both")
	case f.TLSCert != "":
		config, err := gateway.Certificate(f.TLSCert, f.TLSKey, slog.Default())
		if err != nil {
			return nil, fmt.Errorf("--tls-cert: %w", err)
		}
		return config, nil
	case f.ACMECache != "":
		config, err := gateway.ACME(gateway.ACMEConfig{Hosts: f.ACMEHosts, Cache: f.ACMECache, Directory: f.ACMEDirectory, Wait: handshake * 4 / 5, Log: slog.Default()})
		if err != nil {
			return nil, fmt.Errorf("--acme-host, --acme-directory: %w", err)
		}
		return config, nil
	}
	return nil, nil
}

// scheme is what the dashboard's address begins with.
func (f *tlsFlags) scheme() string {
	if f.TLSCert != "" || len(f.ACMEHosts) > 0 {
		return "https"
	}
	return "http"
}
