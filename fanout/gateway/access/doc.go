// Package access says who may have what. A token goes in, a Grant comes out:
//
//	keys file ---- Keys \
//	                     > Verify(token) -> Grant, or why not
//	PEM, JWKS ---- JWT  /
//
// Tokens, keys and claims never stand in an error of this package, so these may
// be logged and shown to clients.
package access

import (
	"context"
	"errors"
	"time"
)

// Verifier knows which tokens are good. It may be called from anywhere.
type Verifier interface {
	// Verify returns what a token grants, or one of the errors of this package.
	Verify(ctx context.Context, token string) (*Grant, error)
}

// Why a token is not accepted.
var (
	ErrMissing     = errors.New("a token is needed: send it as Authorization: Bearer, as the subprotocol tickwire.bearer.TOKEN beside tickwire.v1, or by op auth")
	ErrUnknown     = errors.New("the key is not known here")
	ErrMalformed   = errors.New("the token cannot be read")
	ErrAlgorithm   = errors.New("the token's algorithm is not the one of its key")
	ErrSignature   = errors.New("the token's signature is not good")
	ErrNoKey       = errors.New("the token names a key that is not known here")
	ErrExpired     = errors.New("the token has expired")
	ErrNotYet      = errors.New("the token is not yet valid")
	ErrAudience    = errors.New("the token is for another audience")
	ErrIssuer      = errors.New("the token is from another issuer")
	ErrNoExpiry    = errors.New("the token has no exp: it must expire")
	ErrClaim       = errors.New("the token grants what cannot be understood") // with the claim's name
	ErrUnavailable = errors.New("the keys for tokens cannot be had for now, try again later")
)

// maxToken bounds a token, in bytes.
const maxToken = 8 << 10

// leeway is how far the clocks of issuers may be off.
const leeway = 5 * time.Second
