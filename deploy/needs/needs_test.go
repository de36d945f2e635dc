package needs

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// verdict is a test that only remembers how it was ended.
type verdict struct {
	testing.TB
	how string
}

func (v *verdict) Helper() {}

func (v *verdict) Skipf(format string, args ...any) { v.end("skip: " + fmt.Sprintf(format, args...)) }

func (v *verdict) Fatalf(format string, args ...any) { v.end("fail: " + fmt.Sprintf(format, args...)) }

func (v *verdict) end(how string) {
	v.how = how
	runtime.Goexit()
}

func TestATestIsSkippedUnlessWhatIsMissingIsRequired(t *testing.T) {
	noJava := errors.New("no java found")
	tests := []struct {
		name, required string
		missing        error
		want           string
	}{
		{"nothing is missing", "kafka", nil, "run"},
		{"nothing is required", "", noJava, "skip"},
		{"something else is required", "browser,kafkaesque", noJava, "skip"},
		{"it is required", "kafka", noJava, "fail"},
		{"it is required among others", "browser, kafka", noJava, "fail"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := &verdict{TB: t, how: "run"}
			done := make(chan struct{})
			go func() {
				defer close(done)
				have(v, test.required, "kafka", test.missing)
			}()
			<-done
			if !strings.HasPrefix(v.how, test.want) {
				t.Errorf("got %q, want it to begin with %q", v.how, test.want)
			}
			if test.missing != nil && !strings.Contains(v.how, test.missing.Error()) {
				t.Errorf("got %q, want the reason %q in it", v.how, test.missing)
			}
		})
	}
}
