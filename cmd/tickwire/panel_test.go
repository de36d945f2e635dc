package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func TestDemoTellsItsOwnPageHowItDoes(t *testing.T) {
	demo := start(t, "demo", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--symbols", "50", "--rate", "1000")
	addr := demo.says(`^subscribe ws://(\S+)/v1/ws`)
	admin := demo.says(`^admin +http://(\S+)/`)
	for _, at := range []string{addr, admin} {
		var panel struct {
			Version    string
			Ticks      int64
			Partitions []struct{ Partition, Next, End, Ticks int64 }
		}
		until(t, "all partitions and their ticks", func() bool {
			text, ok := get("http://" + at + "/v1/server")
			if !ok {
				return false // it is not ready yet
			}
			if err := json.Unmarshal([]byte(text), &panel); err != nil {
				t.Fatalf("%v: %s", err, text)
			}
			var read int64
			for _, p := range panel.Partitions {
				read += p.Ticks
			}
			return len(panel.Partitions) == demoPartitions && read > 0 && panel.Ticks > 0
		})
		if panel.Version != version() {
			t.Errorf("version: got %q, want %q", panel.Version, version())
		}
	}
	r, err := http.NewRequest("GET", "http://"+addr+"/v1/server", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host, r.Close = strings.Replace(addr, "127.0.0.1", "evil.example", 1), true
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusForbidden {
		t.Errorf("by a name that may be anybody's: got %s, want 403", answer.Status)
	}
	demo.interrupt()
}
