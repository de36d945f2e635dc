// Package needs is for tests that need what not every machine has: a Kafka, a
// browser, Python, an authority for certificates, a processor that is not busy.
package needs

import (
	"os"
	"strings"
	"testing"
)

// Variable names what must not be missing, separated by commas.
const Variable = "TICKWIRE_REQUIRE"

// Have skips the test when something is missing, with the reason. Where Variable
// has its name the test fails instead. A nil missing is nothing.
func Have(tb testing.TB, name string, missing error) {
	tb.Helper()
	have(tb, os.Getenv(Variable), name, missing)
}

func have(tb testing.TB, required, name string, missing error) {
	tb.Helper()
	if missing == nil {
		return
	}
	for one := range strings.SplitSeq(required, ",") {
		if strings.TrimSpace(one) == name {
			tb.Fatalf("%s=%s, and there is no %s: %v", Variable, required, name, missing)
		}
	}
	tb.Skipf("needs %s: %v", name, missing)
}
