package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"tickwire/feed/kafka"
)

func TestWhatIsWrongIsSaidInOneLine(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := func(text string) string {
		name := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	for _, tc := range []struct {
		scenario string
		args     []string
		says     []string
	}{
		{"no command", nil, []string{`"demo"`}},
		{"an unknown command", []string{"dance"}, []string{"dance"}},
		{"an unknown flag", []string{"demo", "--bogus"}, []string{"--bogus"}},
		{"a flag of the wrong kind", []string{"demo", "--rate", "many"}, []string{"--rate", "many"}},
		{"a negative rate", []string{"demo", "--rate=-1"}, []string{"-1"}},
		{"an unknown source", []string{"demo", "--source", "x"}, []string{"--source", `"x"`}},
		{"a port in use", []string{"demo", "--listen", taken.Addr().String()}, []string{"--listen", taken.Addr().String(), "in use"}},
		{"the admin port in use", []string{"demo", "--listen", "127.0.0.1:0", "--admin", taken.Addr().String()}, []string{"--admin", "in use"}},
		{"a file that is not there", []string{"demo", "--source", "replay", "/nope"}, []string{"/nope", "no such file"}},
		{"a file that is no recording", []string{"demo", "--source", "replay", file("hello\n")}, []string{"recording"}},
		{"a replay of nothing", []string{"demo", "--source", "replay"}, []string{"--source replay"}},
		{"files for a market", []string{"demo", "x.gz"}, []string{"x.gz", "--source replay"}},
		{"a data directory that is a file", []string{"demo", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data-dir", file("")}, []string{"director"}},
		{"no Kafka", []string{"serve", "--brokers", "127.0.0.1:1", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"}, []string{"127.0.0.1:1", "refused"}},
		{"a beginning that is none", []string{"serve", "--from", "yesterday"}, []string{"--from", "yesterday"}},
		{"a Pyroscope that is no URL", []string{"demo", "--pyroscope", "pyroscope:4040"}, []string{"--pyroscope", "http://"}},
		{"a Pyroscope without a host", []string{"serve", "--pyroscope", "http://:4040"}, []string{"--pyroscope", "http://"}},
		{"an unknown way of access", []string{"demo", "--auth", "magic"}, []string{"--auth", "magic"}},
		{"keys without a file", onFreePorts("--auth", "keys"), []string{"--auth-keys"}},
		{"a file of keys that is none", onFreePorts("--auth", "keys", "--auth-keys", file("hello")), []string{"--auth-keys", "file of keys"}},
		{"tokens without keys", onFreePorts("--auth", "jwt"), []string{"--jwt-secret", "--jwt-jwks"}},
		{"tokens whose secret is short", onFreePorts("--auth", "jwt", "--jwt-secret", file("short")), []string{"32 bytes"}},
		{"keys of tokens where none is asked for", onFreePorts("--jwt-key", "x"), []string{"--jwt-key", "--auth jwt"}},
		{"a certificate without its key", onFreePorts("--tls-cert", "x"), []string{"--tls-key"}},
		{"a certificate that is none", onFreePorts("--tls-cert", file("x"), "--tls-key", file("y")), []string{"--tls-cert"}},
		{"ACME without a folder", onFreePorts("--acme-host", "a.example"), []string{"--acme-cache"}},
		{"an authority and no host", onFreePorts("--acme-directory", "https://a.example/dir"), []string{"--acme-directory", "--acme-host"}},
		{"an authority without TLS", onFreePorts("--acme-host", "a.example", "--acme-cache", "x", "--acme-directory", "http://a.example/dir"), []string{"--acme-directory", "https"}},
		{"ACME for an address", onFreePorts("--acme-host", "192.0.2.1", "--acme-cache", "x"), []string{"--acme-host", "192.0.2.1"}},
		{"certificates from two places", onFreePorts("--acme-host", "a.example", "--acme-cache", "x", "--tls-cert", "x", "--tls-key", "x"), []string{"--acme-host", "--tls-cert"}},
		{"an origin that is none", onFreePorts("--origins", "app.example"), []string{"--origins", "app.example"}},
		{"a limit that is off", onFreePorts("--max-requests", "0"), []string{"--max-requests", "over 0"}},
		{"a config file that is not there", []string{"--config", "/nope", "demo"}, []string{"/nope"}},
		{"a config file that is no JSON", []string{"--config", file("listen: x"), "demo"}, []string{"JSON"}},
		{"a config file with a misspelt flag of a command", []string{"--config", file(`{"demo": {"lisen": ":1"}}`), "demo"}, []string{"lisen", "demo"}},
		{"a config file with a command that is no object", []string{"--config", file(`{"demo": 1}`), "demo"}, []string{"config file"}},
		{"a config file with a misspelt flag", []string{"--config", file(`{"lisen": ":1"}`), "demo"}, []string{"lisen"}},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			code, stdout, stderr := runMain(t, tc.args...)
			if code != 1 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "tickwire: ") {
				t.Errorf("got exit %d, stdout %q, stderr %q, want 1 and one line", code, stdout, stderr)
			}
			for _, want := range tc.says {
				if !strings.Contains(stderr, want) {
					t.Errorf("got %q, want it to say %q", stderr, want)
				}
			}
		})
	}
}

func TestFlagsComeFromTheLineTheEnvironmentAndTheFileInThisOrder(t *testing.T) {
	config := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(config, []byte(`{"from": "file", "log_level": "warn"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	said := func(args ...string) string {
		_, _, stderr := runMain(t, append([]string{"--config", config, "serve"}, args...)...)
		return stderr
	}
	t.Run("a command's own flags before those of all", func(t *testing.T) {
		own := filepath.Join(t.TempDir(), "own.json")
		if err := os.WriteFile(own, []byte(`{"from": "all", "serve": {"from": "own"}}`), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, _, got := runMain(t, "--config", own, "serve"); !strings.Contains(got, `"own"`) {
			t.Errorf("got %q, want it to be about own", got)
		}
	})
	if got := said(); !strings.Contains(got, `"file"`) {
		t.Errorf("the file alone: got %q", got)
	}
	t.Setenv("TICKWIRE_FROM", "environment")
	if got := said(); !strings.Contains(got, `"environment"`) {
		t.Errorf("the environment before the file: got %q", got)
	}
	if got := said("--from", "line"); !strings.Contains(got, `"line"`) {
		t.Errorf("the line before the environment: got %q", got)
	}
}

func TestHelp(t *testing.T) {
	code, stdout, stderr := runMain(t, "demo", "--help")
	if code != 0 || stderr != "" {
		t.Errorf("got exit %d, stderr %q", code, stderr)
	}
	for _, flag := range []string{"--listen", "--admin", "--pyroscope", "--source", "--symbols", "--rate", "--data-dir", "--speed", "--loop"} {
		if !strings.Contains(stdout, flag) {
			t.Errorf("the help of demo does not tell %s", flag)
		}
	}
}

func TestParseStart(t *testing.T) {
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for from, want := range map[string]kafka.Start{
		"beginning":            kafka.Beginning(),
		"end":                  kafka.End(),
		"15m":                  kafka.At(now.Add(-15 * time.Minute)),
		"2026-01-30T00:00:00Z": kafka.At(now.Add(-36 * time.Hour)),
	} {
		if got, err := parseStart(from, now); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v (%v), want %v", from, got, err, want)
		}
	}
	for _, from := range []string{"", "-5m", "0s", "later"} {
		if got, err := parseStart(from, now); err == nil {
			t.Errorf("%q: got %v, want an error", from, got)
		}
	}
}

// onFreePorts is a demo with flags, on ports that nobody has.
func onFreePorts(flags ...string) []string {
	return append([]string{"demo", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"}, flags...)
}

// runMain runs the program within the test, with its output in files.
func runMain(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "stdout"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	var errs bytes.Buffer
	code = run(t.Context(), args, out, &errs)
	text, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	return code, string(text), errs.String()
}
