package access

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"tickwire/fanout/gateway/reload"
)

// Keys accepts the keys of a file. The file has the SHA-256 of each key and not
// the key, so who reads it can use none of them. Keys must therefore be long and
// random: 32 bytes of /dev/urandom, say, not a word somebody chose.
//
//	{"keys": [
//	  {"sha256": "9f86d08...", "subject": "desk-7", "symbols": ["BTC-*"], "channels": ["ticker"],
//	   "rate": 10, "terms": 100, "delay": 900, "expires": "2027-01-31T00:00:00Z"},
//	  {"sha256": "ba7816b...", "subject": "on-call", "operator": true}
//	]}
//
// sha256 (64 hexadecimal digits, as sha256sum prints them) and subject are
// required; the other members are those of a token's claims, and what is absent
// is as there. The file is read again when it changes: a new key is good
// within a second or so, and one that was taken out lets nobody in any more;
// who is in stays until the connection ends.
type Keys struct{ file *reload.Files[[]holder] }

// holder is who has a key.
type holder struct {
	digest [sha256.Size]byte
	grant  Grant
}

// OpenKeys reads the file.
func OpenKeys(name string, log *slog.Logger) (*Keys, error) {
	file, err := reload.Open(log, func(contents [][]byte) ([]holder, error) { return parseKeys(contents[0]) }, name)
	if err != nil {
		return nil, err
	}
	return &Keys{file}, nil
}

// Verify is Verifier's. It compares with every key and in constant time, so how
// long it takes tells nothing about how close a guess was.
func (k *Keys) Verify(_ context.Context, token string) (*Grant, error) {
	if len(token) > maxToken {
		return nil, ErrUnknown
	}
	digest := sha256.Sum256([]byte(token))
	var found *holder
	holders := k.file.Get()
	for i := range holders {
		if subtle.ConstantTimeCompare(holders[i].digest[:], digest[:]) == 1 {
			found = &holders[i]
		}
	}
	switch {
	case found == nil:
		return nil, ErrUnknown
	case !found.grant.Expires.IsZero() && !time.Now().Before(found.grant.Expires):
		return nil, ErrExpired
	}
	grant := found.grant
	return &grant, nil
}

// parseKeys reads the file of Keys. Its errors name a key by its place.
func parseKeys(text []byte) ([]holder, error) {
	var file struct {
		Keys []map[string]json.RawMessage `json:"keys"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if d.Decode(&file) != nil || file.Keys == nil {
		return nil, errors.New(`not a file of keys: it must be {"keys": [{"sha256": ..., "subject": ...}, ...]}`)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("there is something behind the keys")
	}
	holders := make([]holder, len(file.Keys))
	seen := make(map[[sha256.Size]byte]int)
	for i, members := range file.Keys {
		if err := holders[i].take(members); err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		if first, twice := seen[holders[i].digest]; twice {
			return nil, fmt.Errorf("key %d is key %d again", i+1, first)
		}
		seen[holders[i].digest] = i + 1
	}
	return holders, nil
}

func (h *holder) take(members map[string]json.RawMessage) error {
	for name := range members {
		switch name {
		case "sha256", "subject", "symbols", "channels", "rate", "terms", "delay", "operator", "expires":
		default:
			return fmt.Errorf("there is no member %.40q", name)
		}
	}
	var digest string
	if json.Unmarshal(members["sha256"], &digest) != nil {
		return errors.New("sha256 is missing")
	}
	if n, err := hex.Decode(h.digest[:], clip([]byte(digest), 2*sha256.Size)); err != nil || n != sha256.Size || len(digest) != 2*sha256.Size {
		return errors.New("sha256 must be the 64 hexadecimal digits that sha256sum prints")
	}
	if json.Unmarshal(members["subject"], &h.grant.Subject) != nil || h.grant.Subject == "" || len(h.grant.Subject) > maxSubject {
		return fmt.Errorf("subject must say whose key it is, in at most %d bytes", maxSubject)
	}
	if text, there := members["expires"]; there {
		if json.Unmarshal(text, &h.grant.Expires) != nil || h.grant.Expires.IsZero() {
			return errors.New("expires must be a time such as 2027-01-31T00:00:00Z")
		}
	}
	return h.grant.take(members)
}

func clip(b []byte, n int) []byte { return b[:min(n, len(b))] }
