package swarm

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"tickwire/fanout/client"
)

// said is an error in words that are the same for all members: without the
// addresses, whose ports differ.
func said(err error) string {
	var op *net.OpError
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection ended without a close frame"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "no port is left to connect from: give more source addresses"
	case errors.Is(err, syscall.EMFILE):
		return "this process has no open file left: raise its limit (ulimit -n)"
	case errors.As(err, &op):
		return op.Op + ": " + op.Err.Error()
	}
	return err.Error()
}

// advice is what the end of a connection says about coming again: whether at
// all, and after which wait at least.
func advice(err error) (atOnce, never bool, wait time.Duration) {
	var closed *client.CloseError
	var refused *client.HandshakeError
	var version *client.VersionError
	switch {
	case errors.As(err, &closed):
		return closed.Code >= 4000 && closed.Code <= 4099, closed.Code >= 4500 && closed.Code <= 4599, 0
	case errors.As(err, &refused):
		later := refused.Status >= 500 || refused.Status == http.StatusRequestTimeout || refused.Status == http.StatusTooManyRequests
		return false, !later, refused.RetryAfter
	case errors.As(err, &version):
		return false, true, 0
	}
	return false, false, 0
}

// silent is the error of a connection on which nothing came for too long.
func silent(err error, d time.Duration) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("the server fell silent for %v", d)
	}
	return err
}
