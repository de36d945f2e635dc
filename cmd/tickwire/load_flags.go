package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
)

// percent is a part, 0 to 1, written such as 5%.
type percent float64

// UnmarshalText reads 5%.
func (p *percent) UnmarshalText(text []byte) error {
	number, found := strings.CutSuffix(string(text), "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if !found || err != nil || !(v >= 0 && v <= 100) {
		return fmt.Errorf("%q is no part of the whole: give one such as 5%%", text)
	}
	*p = percent(v / 100)
	return nil
}

// slowness is how many read slowly and how slowly, written such as 5%:32KiB/s.
type slowness struct {
	share     percent
	bytesPerS int // 0: not said
}

// UnmarshalText reads 5%:32KiB/s, or 5% alone.
func (s *slowness) UnmarshalText(text []byte) error {
	share, rate, both := strings.Cut(string(text), ":")
	if err := s.share.UnmarshalText([]byte(share)); err != nil || !both {
		return err
	}
	n, err := humanize.ParseBytes(strings.TrimSuffix(rate, "/s"))
	if err != nil || n == 0 || n > 1<<30 {
		return fmt.Errorf("%q is no reading speed: give one such as 32KiB/s", rate)
	}
	s.bytesPerS = int(n)
	return nil
}

// frequency is times a second, written such as 100/s.
type frequency float64

// UnmarshalText reads 100/s, or 100.
func (f *frequency) UnmarshalText(text []byte) error {
	v, err := strconv.ParseFloat(strings.TrimSuffix(string(text), "/s"), 64)
	if err != nil || !(v >= 0) {
		return fmt.Errorf("%q is no number of times a second: give one such as 100/s", text)
	}
	*f = frequency(v)
	return nil
}
