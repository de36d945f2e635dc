//go:build linux

package bench

import (
	"encoding/json"
	"os"
	"os/exec"
	"testing"
)

func TestMain(m *testing.M) {
	if os.Getenv(swarmVariable) != "" {
		swarmMain()
		return
	}
	os.Exit(m.Run())
}

// clients are the swarm as the benchmark sees it.
type clients struct {
	tb  testing.TB
	out *json.Encoder
	in  *json.Decoder
}

// startClients runs the other process until the benchmark ends.
func startClients(tb testing.TB) *clients {
	tb.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), swarmVariable+"=1")
	cmd.Stderr = os.Stderr
	orders, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	tallies, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		orders.Close()
		if err := cmd.Wait(); err != nil {
			tb.Errorf("clients: %v", err)
		}
	})
	return &clients{tb, json.NewEncoder(orders), json.NewDecoder(tallies)}
}

func (c *clients) do(o order) tally {
	c.tb.Helper()
	if err := c.out.Encode(o); err != nil {
		c.tb.Fatalf("clients: %s: %v", o.Do, err)
	}
	var t tally
	if err := c.in.Decode(&t); err != nil {
		c.tb.Fatalf("clients: %s: %v", o.Do, err)
	}
	if t.Error != "" {
		c.tb.Fatalf("clients: %s: %s", o.Do, t.Error)
	}
	return t
}

// await returns when that many frames have come since dial.
func (c *clients) await(frames int64) tally { return c.do(order{Do: "await", Frames: frames}) }
func (c *clients) tally() tally             { return c.await(0) }
func (c *clients) hangUp()                  { c.do(order{Do: "hangUp"}) }
