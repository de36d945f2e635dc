package report

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestWhatIsToldIsThatOfTheGoldenFiles(t *testing.T) {
	compared := func(w io.Writer, b *Result) error {
		c, err := Compare(goodRun(), b, true)
		if err != nil {
			return err
		}
		return c.Text(w)
	}
	faster := goodRun()
	faster.Latency.P99, faster.UpdatesPerSecond, faster.Conflated = 5600, 380_000, 0
	faster.Config.URL, faster.Config.Rate, faster.Machine.CPUs = "ws://127.0.0.1:9090/v1/ws", 0, 4
	tests := []struct {
		name string
		r    *Result
		tell func(io.Writer, *Result) error
	}{
		{"good.txt", goodRun(), Text}, {"bad.txt", badRun(), Text}, {"passive.txt", passiveRun(), Text}, {"empty.txt", &Result{}, Text},
		{"good.json", goodRun(), JSON}, {"bad.json", badRun(), JSON},
		{"faster.compare.txt", faster, compared}, {"bad.compare.txt", badRun(), compared},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got bytes.Buffer
			if err := test.tell(&got, test.r); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", test.name)
			if *update {
				if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatalf("%v; go test -update writes it", err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("got\n%s\nwant\n%s", got.Bytes(), want)
			}
		})
	}
}
