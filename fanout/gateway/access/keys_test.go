package access

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

func digestOf(key string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(key))) }

func TestAKeyGrantsWhatItsFileSays(t *testing.T) {
	name := file(t, fmt.Sprintf(`{"keys":[
		{"sha256":%q,"subject":"desk-7","symbols":["BTC-*"],"channels":["ticker"],"rate":10,"terms":5,"delay":0.5,"expires":"2100-01-01T00:00:00Z"},
		{"sha256":%q,"subject":"ops","operator":true},
		{"sha256":%q,"subject":"gone","expires":"2020-01-01T00:00:00Z"}]}`, digestOf("one"), strings.ToUpper(digestOf("two")), digestOf("three")))
	keys, err := OpenKeys(name, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	want := &Grant{Subject: "desk-7", Symbols: []string{"BTC-*"}, Channels: []string{"ticker"}, Rate: 10, Terms: 5, Delay: 500 * time.Millisecond, Expires: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}
	if got, err := keys.Verify(t.Context(), "one"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("one: got %+v, %v", got, err)
	}
	if got, err := keys.Verify(t.Context(), "two"); err != nil || !reflect.DeepEqual(got, &Grant{Subject: "ops", Operator: true}) {
		t.Errorf("two: got %+v, %v", got, err)
	}
	for token, want := range map[string]error{"three": ErrExpired, "four": ErrUnknown, "": ErrUnknown, digestOf("one"): ErrUnknown} {
		if got, err := keys.Verify(t.Context(), token); !errors.Is(err, want) || got != nil {
			t.Errorf("%q: got %+v, %v, want %v", token, got, err, want)
		}
	}
	if err := os.WriteFile(name, fmt.Appendf(nil, `{"keys":[{"sha256":%q,"subject":"new"}]}`, digestOf("four")), 0o600); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		_, isNew := keys.Verify(t.Context(), "four")
		_, isOld := keys.Verify(t.Context(), "one")
		if isNew == nil && errors.Is(isOld, ErrUnknown) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("waited in vain for the changed file: %v, %v", isNew, isOld)
		}
	}
}

func TestAFileThatIsNoneOfKeysSaysWhatIsWrong(t *testing.T) {
	digest := digestOf("x")
	for text, says := range map[string]string{
		"":                            "file of keys",
		"hello":                       "file of keys",
		"{}":                          "file of keys",
		`{"kyes":[]}`:                 "file of keys",
		`{"keys":[]} x`:               "behind",
		`{"keys":[{}]}`:               "key 1: sha256 is missing",
		`{"keys":[{"sha256":"abc"}]}`: "64 hexadecimal",
		`{"keys":[{"sha256":"` + digest + `00"}]}`:                                                       "64 hexadecimal",
		`{"keys":[{"sha256":"` + digest + `"}]}`:                                                         "subject",
		`{"keys":[{"sha256":"` + digest + `","subject":"a","symbol":["A"]}]}`:                            `"symbol"`,
		`{"keys":[{"sha256":"` + digest + `","subject":"a","rate":-1}]}`:                                 "rate",
		`{"keys":[{"sha256":"` + digest + `","subject":"a","operator":"yes"}]}`:                          "operator must be true or false",
		`{"keys":[{"sha256":"` + digest + `","subject":"a","Operator":true}]}`:                           `"Operator"`,
		`{"keys":[{"sha256":"` + digest + `","subject":"a","expires":"x"}]}`:                             "expires",
		`{"keys":[{"sha256":"` + digest + `","subject":"a"},{"sha256":"` + digest + `","subject":"b"}]}`: "key 2 is key 1 again",
	} {
		if _, err := parseKeys([]byte(text)); err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), digest) {
			t.Errorf("%s: got %v, want an error that says %q", text, err, says)
		}
	}
}

func FuzzKeys(f *testing.F) {
	f.Add(`{"keys":[{"sha256":"` + digestOf("x") + `","subject":"a","symbols":["A*"],"expires":"2100-01-01T00:00:00Z"}]}`)
	f.Add(`{"keys":[{"sha256":null,"subject":1}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		holders, err := parseKeys([]byte(text))
		for _, h := range holders {
			if err == nil && (h.grant.Subject == "" || h.digest == [sha256.Size]byte{}) {
				t.Errorf("got %+v of %s", h, text)
			}
		}
	})
}
