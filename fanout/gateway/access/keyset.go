package access

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
)

// signer is a key that may have signed a token, and the one algorithm that goes
// with its type.
type signer struct {
	id        string // kid; empty: it has none
	key       jwt.VerificationKey
	algorithm string
}

type keySet []signer

// named are the keys that a token may mean by kid: those of that name and those
// without one; all if it says none.
func (s keySet) named(kid string) (named keySet) {
	for _, k := range s {
		if kid == "" || k.id == "" || k.id == kid {
			named = append(named, k)
		}
	}
	return named
}

// maxKeys bounds the keys of a set: a token without a kid is tried with each.
const maxKeys = 64

// Least sizes of keys, RFC 7518 sections 3.2 and 3.3.
const (
	minSecret = 32   // bytes
	minRSA    = 2048 // bits
)

// newSigner finds the algorithm of a key.
func newSigner(id string, key any) (signer, error) {
	switch k := key.(type) {
	case []byte:
		if len(k) < minSecret {
			return signer{}, fmt.Errorf("a secret must have %d bytes at least", minSecret)
		}
		return signer{id, k, jwt.SigningMethodHS256.Alg()}, nil
	case *rsa.PublicKey:
		if k.N.BitLen() < minRSA {
			return signer{}, fmt.Errorf("an RSA key must have %d bits at least", minRSA)
		}
		return signer{id, k, jwt.SigningMethodRS256.Alg()}, nil
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() {
			return signer{}, errors.New("an elliptic curve must be P-256")
		}
		return signer{id, k, jwt.SigningMethodES256.Alg()}, nil
	case ed25519.PublicKey:
		return signer{id, k, jwt.SigningMethodEdDSA.Alg()}, nil
	}
	return signer{}, errors.New("a key must be public, and RSA, P-256 or Ed25519")
}

// parseSecret reads a file that is a secret.
func parseSecret(text []byte) (keySet, error) {
	text = bytes.TrimRight(text, " \t\r\n")
	if bytes.Contains(text, []byte("-----BEGIN")) {
		return nil, errors.New("this is PEM, not a secret: whoever has a public key could sign with it")
	}
	s, err := newSigner("", text)
	return keySet{s}, err
}

// parsePEM reads a file of public keys and certificates.
func parsePEM(text []byte) (keySet, error) {
	var set keySet
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		key, err := publicKey(block)
		if err != nil {
			return nil, fmt.Errorf("block %d: %w", len(set)+1, err)
		}
		s, err := newSigner("", key)
		if err != nil {
			return nil, fmt.Errorf("block %d: %w", len(set)+1, err)
		}
		set = append(set, s)
	}
	return set.check()
}

func publicKey(block *pem.Block) (any, error) {
	switch block.Type {
	case "PUBLIC KEY":
		return x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		return x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		return c.PublicKey, nil
	}
	return nil, errors.New("it is no public key")
}

func (s keySet) check() (keySet, error) {
	if len(s) == 0 || len(s) > maxKeys {
		return nil, fmt.Errorf("it has %d keys that can be used, want 1 to %d", len(s), maxKeys)
	}
	return s, nil
}

// parseJWKSFile reads a JWKS that only this machine knows: it may hold secrets.
func parseJWKSFile(text []byte) (keySet, error) { return parseJWKS(text, true) }

// parseJWKS reads a JSON Web Key Set. As RFC 7517 section 5 asks for, keys that
// cannot be used here are passed over.
func parseJWKS(text []byte, secrets bool) (keySet, error) {
	var all jwkset.JWKSMarshal
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, errors.New("it is no JWKS")
	}
	var set keySet
	for _, one := range all.Keys {
		if one.USE != "" && one.USE != jwkset.UseSig || one.KTY == jwkset.KtyOct && !secrets {
			continue
		}
		one.D, one.P, one.Q, one.DP, one.DQ, one.QI, one.OTH = "", "", "", "", "", "", nil // the public half is enough
		one.X5U, one.X5C, one.X5T, one.X5TS256 = "", nil, "", ""
		jwk, err := jwkset.NewJWKFromMarshal(one, jwkset.JWKMarshalOptions{Private: one.KTY == jwkset.KtyOct}, jwkset.JWKValidateOptions{})
		if err != nil {
			continue
		}
		s, err := newSigner(one.KID, jwk.Key())
		if err != nil || one.ALG != "" && one.ALG.String() != s.algorithm {
			continue
		}
		set = append(set, s)
	}
	return set.check()
}
