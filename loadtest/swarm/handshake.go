package swarm

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tickwire/fanout/client"
	"tickwire/fanout/wire"
)

const (
	acceptGUID   = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" // RFC 6455 section 1.3
	deflateOffer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
	maxHeader    = 64 << 10
)

// knock is a client's opening handshake, RFC 6455 section 4.1.
type knock struct {
	url     *url.URL
	token   string
	deflate bool // offer compression
	key     string
}

func newKnock(u *url.URL, token string, deflate bool) *knock {
	var nonce [16]byte
	rand.Read(nonce[:])
	return &knock{u, token, deflate, base64.StdEncoding.EncodeToString(nonce[:])}
}

func (k *knock) request() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Protocol: %s\r\n",
		k.url.RequestURI(), k.url.Host, k.key, wire.Subprotocol)
	if k.deflate {
		fmt.Fprintf(&b, "Sec-WebSocket-Extensions: %s\r\n", deflateOffer)
	}
	if k.token != "" {
		fmt.Fprintf(&b, "Authorization: Bearer %s\r\n", k.token)
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

// answer reads the server's answer and checks it. deflate tells that it agreed
// to compress. What came behind it is still in r.
func (k *knock) answer(r *bufio.Reader) (deflate bool, err error) {
	answer, err := http.ReadResponse(r, nil)
	if err != nil {
		return false, fmt.Errorf("the answer to the handshake: %w", err)
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		return false, k.refusal(answer)
	}
	sum := sha1.Sum([]byte(k.key + acceptGUID))
	switch {
	case !has(answer.Header, "Upgrade", "websocket") || !has(answer.Header, "Connection", "upgrade"):
		return false, errors.New("the server's answer to the handshake is no upgrade to a WebSocket")
	case answer.Header.Get("Sec-WebSocket-Accept") != base64.StdEncoding.EncodeToString(sum[:]):
		return false, errors.New("the server's answer is not to this handshake (Sec-WebSocket-Accept)")
	case answer.Header.Get("Sec-WebSocket-Protocol") != wire.Subprotocol:
		return false, &client.VersionError{}
	}
	return agreed(strings.Join(answer.Header.Values("Sec-WebSocket-Extensions"), ","), k.deflate)
}

// has reports whether one of a header's comma-separated values is want.
func has(h http.Header, name, want string) bool {
	for value := range strings.SplitSeq(strings.Join(h.Values(name), ","), ",") {
		if strings.EqualFold(strings.TrimSpace(value), want) {
			return true
		}
	}
	return false
}

// agreed checks the extensions that the server answered with, RFC 7692 section
// 7.1. It may accept the offer or not; it may not change it.
func agreed(extensions string, offered bool) (deflate bool, err error) {
	if extensions == "" {
		return false, nil
	}
	wrong := fmt.Errorf("the server agreed to extensions that were not offered: %.80q", extensions)
	name, parameters, _ := strings.Cut(extensions, ";")
	if !offered || strings.TrimSpace(name) != "permessage-deflate" {
		return false, wrong
	}
	fresh := false // every message begins without what was before
	for parameter := range strings.SplitSeq(parameters, ";") {
		key, value, valued := strings.Cut(strings.TrimSpace(parameter), "=")
		switch bits, err := strconv.Atoi(strings.Trim(value, `"`)); {
		case key == "server_no_context_takeover" && !valued && !fresh:
			fresh = true
		case key == "client_no_context_takeover" && !valued:
		case key == "server_max_window_bits" && err == nil && bits >= 8 && bits <= 15:
		default:
			return false, wrong
		}
	}
	if !fresh {
		return false, errors.New("the server did not agree to server_no_context_takeover")
	}
	return true, nil
}

// refusal is made of an answer that is not the one to a handshake.
func (k *knock) refusal(r *http.Response) error {
	e := &client.HandshakeError{Status: r.StatusCode}
	text, _ := io.ReadAll(io.LimitReader(r.Body, 1<<10)) // as much of it as came
	var said wire.Error
	switch kind := r.Header.Get("Content-Type"); {
	case strings.HasPrefix(kind, "application/json") && json.Unmarshal(text, &said) == nil:
		e.Text = said.Message
	case strings.HasPrefix(kind, "text/plain"):
		e.Text, _, _ = strings.Cut(strings.TrimSpace(string(text)), "\n")
	}
	if k.token != "" {
		e.Text = strings.ReplaceAll(e.Text, k.token, "(the token)")
	}
	if seconds, err := strconv.ParseUint(r.Header.Get("Retry-After"), 10, 16); err == nil {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	return e
}
