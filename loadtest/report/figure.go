package report

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"
)

// comma is a count with its thousands apart.
func comma[N int | int64 | uint64](n N) string { return humanize.Comma(int64(n)) }

// count is a number of things.
func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return comma(n) + " " + what
}

// pace is a number a second.
func pace(perSecond float64) string {
	if math.Abs(perSecond) < 100 {
		return strconv.FormatFloat(digits(perSecond), 'f', -1, 64)
	}
	return humanize.Comma(int64(math.Round(min(perSecond, 1e18))))
}

// size is bytes in powers of 1,000, as networks count them.
func size(bytes float64) string { return humanize.Bytes(uint64(min(max(bytes, 0), 1e18))) }

// memory is bytes in powers of 1,024.
func memory(bytes uint64) string { return humanize.IBytes(bytes) }

// micros is a time to three digits.
func micros[N int64 | float64](us N) string {
	d := time.Duration(min(max(float64(us), -9e15), 9e15) * float64(time.Microsecond))
	unit := time.Duration(1)
	for limit := time.Microsecond; d.Abs() >= limit && limit <= time.Hour; limit *= 10 {
		unit = max(1, limit/100)
	}
	return d.Round(unit).String()
}

func seconds(s float64) string { return micros(s * 1e6) }

// percent is a part of one. What is not all is never rounded to all.
func percent(part float64) string {
	shown := digits(100 * part)
	if part < 1 && shown >= 100 {
		return "<100 %"
	}
	return strconv.FormatFloat(shown, 'f', -1, 64) + " %"
}

// factor is a number to three digits.
func factor(x float64) string { return strconv.FormatFloat(digits(x), 'f', -1, 64) }

// digits rounds to three, or to a whole number when it has more.
func digits(x float64) float64 {
	if x == 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return x
	}
	places := max(0, 2-int(math.Floor(math.Log10(math.Abs(x)))))
	if places > 12 {
		return 0
	}
	scale := math.Pow10(places)
	return math.Round(x*scale) / scale
}

// sortedBy are the keys in an order, and by name where it does not tell.
func sortedBy[V any](m map[string]V, order func(a, b string) int) []string {
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int { return cmp.Or(order(a, b), cmp.Compare(a, b)) })
}

// mostFirst are the keys of counts, the highest first, told with them.
func mostFirst(counts map[string]uint64) (told []string) {
	for _, text := range sortedBy(counts, func(a, b string) int { return cmp.Compare(counts[b], counts[a]) }) {
		told = append(told, fmt.Sprintf("%s × %s", comma(counts[text]), text))
	}
	return told
}
