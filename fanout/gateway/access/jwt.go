package access

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"tickwire/fanout/gateway/reload"
)

// JWTConfig is what a JWT verifier is made of. Exactly one of Secret, PEM and
// JWKS says where the keys are.
type JWTConfig struct {
	// Secret is a file with the secret of HS256, 32 bytes at least. White space
	// at its end does not count.
	Secret string
	// PEM is a file with public keys: RSA for RS256, P-256 for ES256, Ed25519
	// for EdDSA. A token may be signed by any of them.
	PEM string
	// JWKS is a set of keys, RFC 7517: a file, or a URL, which is asked again
	// now and then and when a token names a key that is not in it.
	JWKS string
	// Audience must be among a token's aud. Default: not looked at.
	Audience string
	// Issuer must be a token's iss. Default: not looked at.
	Issuer string
	// Client asks for JWKS. Default: one that gives up after 5 s.
	Client *http.Client
	// Log gets what an operator should know. Default: slog.Default.
	Log *slog.Logger
}

// JWT accepts JSON Web Tokens, RFC 7519. A token must have exp; nbf is honoured;
// sub is the subject. What it grants is in the claims symbols, channels, rate,
// terms, delay and operator: see Grant; what is absent is not restricted, but
// nobody is an operator whose token does not say so. The algorithm is fixed by the
// type of the key that the token names, whatever the token says.
type JWT struct {
	keys     keySource
	parser   *jwt.Parser
	audience bool // it is looked at
}

// keySource has the keys of the moment. kid is what the token calls its key,
// empty if it does not.
type keySource interface {
	keys(ctx context.Context, kid string) (keySet, error)
}

// NewJWT reads the keys. A JWKS server that does not answer is logged and asked
// again when tokens come.
func NewJWT(ctx context.Context, c JWTConfig) (*JWT, error) {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	keys, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	options := []jwt.ParserOption{jwt.WithExpirationRequired(), jwt.WithLeeway(leeway)}
	if c.Audience != "" {
		options = append(options, jwt.WithAudience(c.Audience))
	}
	if c.Issuer != "" {
		options = append(options, jwt.WithIssuer(c.Issuer))
	}
	return &JWT{keys, jwt.NewParser(options...), c.Audience != ""}, nil
}

func (c JWTConfig) open(ctx context.Context) (keySource, error) {
	switch {
	case c.Secret != "" && c.PEM == "" && c.JWKS == "":
		return openKeyFile(c.Log, c.Secret, parseSecret)
	case c.PEM != "" && c.Secret == "" && c.JWKS == "":
		return openKeyFile(c.Log, c.PEM, parsePEM)
	case c.JWKS != "" && c.Secret == "" && c.PEM == "":
		if strings.HasPrefix(c.JWKS, "https://") || strings.HasPrefix(c.JWKS, "http://") {
			return openRemote(ctx, c)
		}
		return openKeyFile(c.Log, c.JWKS, parseJWKSFile)
	}
	return nil, errors.New("tokens need keys from one place: a secret, a PEM file or a JWKS")
}

// keyFile has its keys from a file.
type keyFile struct{ file *reload.Files[keySet] }

func openKeyFile(log *slog.Logger, name string, parse func([]byte) (keySet, error)) (keySource, error) {
	file, err := reload.Open(log, func(contents [][]byte) (keySet, error) { return parse(contents[0]) }, name)
	return keyFile{file}, err
}

func (f keyFile) keys(context.Context, string) (keySet, error) { return f.file.Get(), nil }

// claims are what a token says: what RFC 7519 registers, and all the rest.
type claims struct {
	jwt.RegisteredClaims
	members map[string]json.RawMessage
}

func (c *claims) UnmarshalJSON(text []byte) error {
	if err := json.Unmarshal(text, &c.RegisteredClaims); err != nil {
		return err
	}
	return json.Unmarshal(text, &c.members)
}

// Verify is Verifier's.
func (j *JWT) Verify(ctx context.Context, token string) (*Grant, error) {
	if len(token) > maxToken {
		return nil, ErrMalformed
	}
	var c claims
	_, err := j.parser.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) { return j.keysFor(ctx, t) })
	if err != nil {
		return nil, j.reasonOf(err, &c)
	}
	if len(c.Subject) > maxSubject {
		return nil, ErrMalformed
	}
	grant := &Grant{Subject: c.Subject, Expires: c.ExpiresAt.Add(leeway)}
	if err := grant.take(c.members); err != nil {
		return nil, err
	}
	return grant, nil
}

// keysFor are the keys that may have signed a token.
func (j *JWT) keysFor(ctx context.Context, t *jwt.Token) (any, error) {
	if _, critical := t.Header["crit"]; critical { // RFC 7515 section 4.1.11: we understand no extension
		return nil, ErrMalformed
	}
	kid, _ := t.Header["kid"].(string)
	set, err := j.keys.keys(ctx, kid)
	if err != nil {
		return nil, err
	}
	named := set.named(kid)
	if len(named) == 0 {
		return nil, ErrNoKey
	}
	var fit jwt.VerificationKeySet
	for _, k := range named {
		if k.algorithm == t.Method.Alg() {
			fit.Keys = append(fit.Keys, k.key)
		}
	}
	if len(fit.Keys) == 0 {
		return nil, ErrAlgorithm
	}
	return fit, nil
}

// reasonOf says in the words of this package why the library took exception to
// a token. Its own errors quote from the token.
func (j *JWT) reasonOf(err error, c *claims) error {
	for _, r := range []struct{ theirs, ours error }{
		{ErrUnavailable, ErrUnavailable}, {ErrNoKey, ErrNoKey}, {ErrAlgorithm, ErrAlgorithm}, {ErrMalformed, ErrMalformed},
		{jwt.ErrTokenUnverifiable, ErrAlgorithm}, // one that the library does not know
		{jwt.ErrTokenSignatureInvalid, ErrSignature},
		{jwt.ErrTokenExpired, ErrExpired},
		{jwt.ErrTokenNotValidYet, ErrNotYet},
		{jwt.ErrTokenInvalidAudience, ErrAudience},
		{jwt.ErrTokenInvalidIssuer, ErrIssuer},
	} {
		if errors.Is(err, r.theirs) {
			return r.ours
		}
	}
	switch {
	case !errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return ErrMalformed
	case c.ExpiresAt == nil:
		return ErrNoExpiry
	case j.audience && strings.Join(c.Audience, "") == "":
		return ErrAudience
	}
	return ErrIssuer
}
