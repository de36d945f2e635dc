package access

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func newJWT(t testing.TB, c JWTConfig) *JWT {
	t.Helper()
	j, err := NewJWT(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestATokenOfEachAlgorithmIsAccepted(t *testing.T) {
	k := issuer()
	public := file(t, publicPEM(t, &k.otherRSA.PublicKey, &k.rsa.PublicKey, &k.ec.PublicKey, k.ed.Public()))
	for _, tc := range []struct {
		scenario string
		config   JWTConfig
		method   jwt.SigningMethod
		key      any
	}{
		{"HS256", JWTConfig{Secret: file(t, secret+"\n")}, jwt.SigningMethodHS256, []byte(secret)},
		{"RS256, by the second key", JWTConfig{PEM: public}, jwt.SigningMethodRS256, k.rsa},
		{"ES256", JWTConfig{PEM: public}, jwt.SigningMethodES256, k.ec},
		{"EdDSA", JWTConfig{PEM: public}, jwt.SigningMethodEdDSA, k.ed},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			grant, err := newJWT(t, tc.config).Verify(t.Context(), token(t, tc.method, tc.key, "", nil))
			if err != nil || grant.Subject != "desk-7" || time.Until(grant.Expires) < 59*time.Minute {
				t.Errorf("got %+v, %v", grant, err)
			}
		})
	}
}

func TestWhatATokenGrants(t *testing.T) {
	exp := time.Now().Add(time.Hour).Truncate(time.Second)
	got, err := newJWT(t, JWTConfig{Secret: file(t, secret)}).Verify(t.Context(), token(t, jwt.SigningMethodHS256, []byte(secret), "", jwt.MapClaims{
		"exp": exp.Unix(), "symbols": []string{"BTC-*", "ETH-USD"}, "channels": []string{"ticker"}, "rate": 2.5, "terms": 7, "delay": 900, "operator": true,
	}))
	want := &Grant{Subject: "desk-7", Symbols: []string{"BTC-*", "ETH-USD"}, Channels: []string{"ticker"}, Rate: 2.5, Terms: 7, Delay: 15 * time.Minute, Operator: true, Expires: exp.Add(leeway)}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

// TestBadTokens: each is refused for its reason, and no part of it stands in the
// error.
func TestBadTokens(t *testing.T) {
	k := issuer()
	now := time.Now()
	hs := func(claims jwt.MapClaims) string { return token(t, jwt.SigningMethodHS256, []byte(secret), "", claims) }
	bySecret := newJWT(t, JWTConfig{Secret: file(t, secret), Audience: "tickwire", Issuer: "idp"})
	byKey := newJWT(t, JWTConfig{PEM: file(t, publicPEM(t, &k.rsa.PublicKey, &k.ec.PublicKey))})
	good := jwt.MapClaims{"aud": "tickwire", "iss": "idp"}
	with := func(name string, value any) jwt.MapClaims {
		return jwt.MapClaims{"aud": "tickwire", "iss": "idp", name: value}
	}
	if _, err := bySecret.Verify(t.Context(), hs(good)); err != nil {
		t.Fatalf("the good one: %v", err)
	}
	rsaPEM := []byte(publicPEM(t, &k.rsa.PublicKey))
	critical := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"exp": now.Add(time.Hour).Unix()})
	critical.Header["crit"] = []string{"x"}
	withCrit, _ := critical.SignedString([]byte(secret))
	signed := hs(good)
	head, rest, _ := strings.Cut(signed, ".")
	strange := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"XS256"}`))
	for _, tc := range []struct {
		scenario string
		by       *JWT
		token    string
		want     error
	}{
		{"nothing", bySecret, "", ErrMalformed},
		{"no token at all", bySecret, "hello", ErrMalformed},
		{"three parts of nonsense", bySecret, "a.b.c", ErrMalformed},
		{"four parts", bySecret, signed + ".x", ErrMalformed},
		{"too long", bySecret, hs(with("pad", strings.Repeat("x", maxToken))), ErrMalformed},
		{"none", bySecret, token(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "", good), ErrAlgorithm},
		{"none, where keys are public", byKey, token(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "", good), ErrAlgorithm},
		{"an algorithm that nobody knows", bySecret, strange + "." + rest, ErrAlgorithm},
		{"HS256 with the public key for a secret", byKey, token(t, jwt.SigningMethodHS256, rsaPEM, "", good), ErrAlgorithm},
		{"HS512 with the right secret", bySecret, token(t, jwt.SigningMethodHS512, []byte(secret), "", good), ErrAlgorithm},
		{"PS256 with the right key", byKey, token(t, jwt.SigningMethodPS256, k.rsa, "", good), ErrAlgorithm},
		{"another secret", bySecret, token(t, jwt.SigningMethodHS256, []byte(secret+"x"), "", good), ErrSignature},
		{"another RSA key", byKey, token(t, jwt.SigningMethodRS256, k.otherRSA, "", good), ErrSignature},
		{"a changed head", bySecret, head + "." + strings.Replace(rest, ".", "A.", 1), ErrMalformed},
		{"no signature", bySecret, signed[:strings.LastIndex(signed, ".")+1], ErrSignature},
		{"an extension that must be understood", bySecret, withCrit, ErrMalformed},
		{"expired", bySecret, hs(with("exp", now.Add(-time.Minute).Unix())), ErrExpired},
		{"without exp", bySecret, hs(with("exp", nil)), ErrNoExpiry},
		{"an exp that is no number", bySecret, hs(with("exp", "tomorrow")), ErrMalformed},
		{"not yet valid", bySecret, hs(with("nbf", now.Add(time.Minute).Unix())), ErrNotYet},
		{"another audience", bySecret, hs(with("aud", "others")), ErrAudience},
		{"no audience", bySecret, hs(jwt.MapClaims{"iss": "idp"}), ErrAudience},
		{"another issuer", bySecret, hs(with("iss", "others")), ErrIssuer},
		{"symbols that are no list", bySecret, hs(with("symbols", "BTC-*")), ErrClaim},
		{"symbols with one that can be none", bySecret, hs(with("symbols", []string{"A*B"})), ErrClaim},
		{"symbols of two letters' case", bySecret, hs(with("Symbols", []string{"A"})), ErrClaim},
		{"a channel that is none", bySecret, hs(with("channels", []string{"tikcer"})), ErrClaim},
		{"a rate of nought", bySecret, hs(with("rate", 0)), ErrClaim},
		{"a negative rate", bySecret, hs(with("rate", -1)), ErrClaim},
		{"half a term", bySecret, hs(with("terms", 0.5)), ErrClaim},
		{"a negative delay", bySecret, hs(with("delay", -1)), ErrClaim},
		{"a delay of words", bySecret, hs(with("delay", "15m")), ErrClaim},
		{"an operator by a word", bySecret, hs(with("operator", "true")), ErrClaim},
		{"an operator by a number", bySecret, hs(with("operator", 1)), ErrClaim},
		{"an operator of an object", bySecret, hs(with("operator", jwt.MapClaims{})), ErrClaim},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			grant, err := tc.by.Verify(t.Context(), tc.token)
			if !errors.Is(err, tc.want) || grant != nil {
				t.Fatalf("got %+v, %v, want %v", grant, err, tc.want)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than a line: %q", err)
			}
			for part := range strings.SplitSeq(tc.token, ".") {
				if len(part) > 3 && strings.Contains(err.Error(), part) {
					t.Errorf("the error holds a part of the token: %q", err)
				}
			}
		})
	}
	t.Run("a claim that is null must not grant everything", func(t *testing.T) {
		for _, name := range []string{"symbols", "channels", "rate", "terms", "delay"} {
			unsigned := jwt.MapClaims{"exp": now.Add(time.Hour).Unix(), "aud": "tickwire", "iss": "idp", name: nil}
			signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, unsigned).SignedString([]byte(secret))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := bySecret.Verify(t.Context(), signed); !errors.Is(err, ErrClaim) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s: got %v, want an error that names it", name, err)
			}
		}
	})
}

func TestTheClocksMayDifferALittle(t *testing.T) {
	j := newJWT(t, JWTConfig{Secret: file(t, secret)})
	for name, at := range map[string]time.Time{"exp": time.Now().Add(-time.Second), "nbf": time.Now().Add(2 * time.Second)} {
		if _, err := j.Verify(t.Context(), token(t, jwt.SigningMethodHS256, []byte(secret), "", jwt.MapClaims{name: at.Unix()})); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeysThatMustNotBeUsedAreRefusedAtOnce(t *testing.T) {
	k := issuer()
	for _, tc := range []struct {
		scenario string
		config   JWTConfig
		says     string
	}{
		{"no keys", JWTConfig{}, "one place"},
		{"two places", JWTConfig{Secret: "a", PEM: "b"}, "one place"},
		{"a short secret", JWTConfig{Secret: file(t, "short")}, "32 bytes"},
		{"a public key for a secret", JWTConfig{Secret: file(t, publicPEM(t, &k.rsa.PublicKey))}, "PEM"},
		{"no PEM", JWTConfig{PEM: file(t, "hello")}, "0 keys"},
		{"a private key", JWTConfig{PEM: file(t, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")}, "public"},
		{"no JWKS", JWTConfig{JWKS: file(t, "hello")}, "JWKS"},
		{"an empty JWKS", JWTConfig{JWKS: file(t, `{"keys":[]}`)}, "0 keys"},
		{"a file that is not there", JWTConfig{JWKS: "/nope"}, "/nope"},
		{"a URL without a host", JWTConfig{JWKS: "https://"}, "URL"},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			if _, err := NewJWT(t.Context(), tc.config); err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want an error that says %q", err, tc.says)
			}
		})
	}
}

// FuzzVerify: whatever a token is, there is a grant or an error of this package
// that does not quote it.
func FuzzVerify(f *testing.F) {
	public, private, _ := ed25519.GenerateKey(nil)
	bySecret := newJWT(f, JWTConfig{Secret: file(f, secret)})
	byKey := newJWT(f, JWTConfig{PEM: file(f, publicPEM(f, public))})
	f.Add(token(f, jwt.SigningMethodHS256, []byte(secret), "", jwt.MapClaims{"symbols": []string{"A*"}, "rate": 1}))
	f.Add(token(f, jwt.SigningMethodEdDSA, private, "kid", nil))
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add("..")
	f.Fuzz(func(t *testing.T, token string) {
		for _, j := range []*JWT{bySecret, byKey} {
			grant, err := j.Verify(t.Context(), token)
			if (grant == nil) == (err == nil) {
				t.Fatalf("got %+v and %v", grant, err)
			}
			if grant != nil && grant.Expires.IsZero() {
				t.Errorf("a grant for ever: %+v", grant)
			}
			if err != nil && len(token) > 16 && strings.Contains(err.Error(), token) {
				t.Errorf("the error holds the token: %v", err)
			}
		}
	})
}
