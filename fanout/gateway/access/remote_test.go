package access

import (
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
)

// jwks is a JWKS server whose keys and health can change.
type jwks struct {
	*httptest.Server
	asked atomic.Int64
	mu    sync.Mutex
	text  []byte // nil: it is down
}

func newJWKS(t *testing.T) *jwks {
	s := &jwks{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.text == nil {
			http.Error(w, "down", http.StatusInternalServerError)
			return
		}
		w.Write(s.text)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *jwks) set(text []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text = text
}

// keysOf makes a JWKS of keys by kid.
func keysOf(t testing.TB, keys map[string]any) []byte {
	t.Helper()
	var all jwkset.JWKSMarshal
	for kid, key := range keys {
		jwk, err := jwkset.NewJWKFromKey(key, jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: kid, USE: jwkset.UseSig}, Marshal: jwkset.JWKMarshalOptions{Private: true}})
		if err != nil {
			t.Fatal(err)
		}
		all.Keys = append(all.Keys, jwk.Marshal())
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestKeysOfAJWKSServerRotate(t *testing.T) {
	k := issuer()
	s := newJWKS(t)
	s.set(keysOf(t, map[string]any{"a": &k.rsa.PublicKey, "ed": k.ed.Public()}))
	client := s.Client()
	j := newJWT(t, JWTConfig{JWKS: s.URL, Client: client, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(client.CloseIdleConnections)
	r := j.keys.(*remote)
	now := time.Now()
	r.now = func() time.Time { return now }
	verify := func(key *rsa.PrivateKey, kid string) error {
		t.Helper()
		_, err := j.Verify(t.Context(), token(t, jwt.SigningMethodRS256, key, kid, nil))
		return err
	}
	asked := func(want int64) {
		t.Helper()
		if got := s.asked.Load(); got != want {
			t.Errorf("asked %d times, want %d", got, want)
		}
	}
	if err := verify(k.rsa, "a"); err != nil {
		t.Errorf("the first key: %v", err)
	}
	if _, err := j.Verify(t.Context(), token(t, jwt.SigningMethodEdDSA, k.ed, "ed", nil)); err != nil {
		t.Errorf("Ed25519: %v", err)
	}
	asked(1)
	if err := verify(k.otherRSA, "a"); !errors.Is(err, ErrSignature) {
		t.Errorf("another key under its name: %v", err)
	}

	s.set(keysOf(t, map[string]any{"a": &k.rsa.PublicKey, "b": &k.otherRSA.PublicKey}))
	now = now.Add(2 * askEvery)
	if err := verify(k.otherRSA, "b"); err != nil {
		t.Errorf("a key that is new: %v", err)
	}
	asked(2)

	for range 100 { // strangers make kids up
		if err := verify(k.rsa, "made up"); !errors.Is(err, ErrNoKey) {
			t.Errorf("a key that is not there: %v", err)
		}
	}
	asked(3)

	s.set(nil)
	now = now.Add(2 * askAgain)
	if err := verify(k.rsa, "a"); err != nil {
		t.Errorf("with the server down: %v", err)
	}
	asked(4)
	s.set(keysOf(t, map[string]any{"b": &k.otherRSA.PublicKey}))
	now = now.Add(2 * askFailed)
	if err := verify(k.rsa, "a"); !errors.Is(err, ErrNoKey) {
		t.Errorf("a key that was taken out: %v", err)
	}
	if err := verify(k.otherRSA, "b"); err != nil {
		t.Errorf("the one that stayed: %v", err)
	}
}

func TestAJWKSServerThatWasNeverThere(t *testing.T) {
	k := issuer()
	s := newJWKS(t)
	client := s.Client()
	t.Cleanup(client.CloseIdleConnections)
	j := newJWT(t, JWTConfig{JWKS: s.URL, Client: client, Log: slog.New(slog.DiscardHandler)})
	r := j.keys.(*remote)
	now := time.Now()
	r.now = func() time.Time { return now }
	good := token(t, jwt.SigningMethodRS256, k.rsa, "a", nil)
	if _, err := j.Verify(t.Context(), good); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v, want %v", err, ErrUnavailable)
	}
	for _, bad := range []string{"", "hello", `{"keys":[]}`} {
		s.set([]byte(bad))
		now = now.Add(2 * askEvery)
		if _, err := j.Verify(t.Context(), good); !errors.Is(err, ErrUnavailable) {
			t.Errorf("with %q: got %v, want %v", bad, err, ErrUnavailable)
		}
	}
	s.set(keysOf(t, map[string]any{"a": &k.rsa.PublicKey}))
	now = now.Add(2 * askEvery)
	if _, err := j.Verify(t.Context(), good); err != nil {
		t.Errorf("when it came: %v", err)
	}
}

func TestAJWKSFileMayHaveSecretsAndAServerMayNot(t *testing.T) {
	k := issuer()
	text := keysOf(t, map[string]any{"s": []byte(secret), "p": &k.ec.PublicKey})
	if set, err := parseJWKS(text, true); err != nil || len(set) != 2 {
		t.Errorf("a file: got %v, %v, want two keys", set, err)
	}
	if set, err := parseJWKS(text, false); err != nil || len(set) != 1 || set[0].algorithm != "ES256" {
		t.Errorf("a server: got %v, %v, want the public one", set, err)
	}
	private := keysOf(t, map[string]any{"p": k.ec, "ed": k.ed})
	set, err := parseJWKS(private, false)
	if err != nil || len(set) != 2 {
		t.Errorf("private keys: got %v, %v, want their public halves", set, err)
	}
	j := newJWT(t, JWTConfig{JWKS: file(t, string(text))})
	if _, err := j.Verify(t.Context(), token(t, jwt.SigningMethodHS256, []byte(secret), "s", nil)); err != nil {
		t.Errorf("by the secret: %v", err)
	}
	if _, err := j.Verify(t.Context(), token(t, jwt.SigningMethodHS256, []byte(secret), "p", nil)); !errors.Is(err, ErrAlgorithm) {
		t.Errorf("by the secret under the other's name: got %v, want %v", err, ErrAlgorithm)
	}
}

func FuzzJWKS(f *testing.F) {
	public, _, _ := ed25519.GenerateKey(nil)
	f.Add(keysOf(f, map[string]any{"s": []byte(secret), "ed": public}))
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"AQ","y":"AQ"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQ","e":"AQAB"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := parseJWKS(text, true)
		if (err == nil) == (len(set) == 0) {
			t.Errorf("got %v, %v", set, err)
		}
	})
}
