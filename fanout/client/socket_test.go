package client

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestAServerThatTakesNothingIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		s := &socket{Conn: near, received: new(atomic.Uint64)}
		s.allow(time.Hour)
		began := time.Now()
		go s.Write([]byte("request"))
		_, err := s.Read(make([]byte, 1))
		if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.Is(s.failure(), os.ErrDeadlineExceeded) {
			t.Errorf("got %v and a write that failed with %v, want deadlines", err, s.failure())
		}
		want(t, "given up after", time.Since(began), patience+farewell)
		s.alive() // a message that was on its way makes no difference
		if _, err := s.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v after a late message, want the deadline", err)
		}
		s.linger()
	})
}
