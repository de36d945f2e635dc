package splice

import (
	"fmt"
	"io"
	"testing"
)

// perUpdate reports the time of one update in frames of n.
func perUpdate(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/update")
}

func BenchmarkEncode(b *testing.B) {
	for _, k := range kinds {
		b.Run(k.name, func(b *testing.B) {
			table := k.table(b)
			updates := k.frames(200, 1)[0]
			var s Segment
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				table.Encode(&s, updates[i%len(updates)])
			}
		})
	}
}

// BenchmarkFrame makes the same frames by AppendFrame, of segments that are
// there, and by compressors, of the message.
func BenchmarkFrame(b *testing.B) {
	for _, k := range kinds {
		for _, n := range []int{1, 3, 10, 20, 50, 200} {
			b.Run(fmt.Sprintf("%s/updates=%d", k.name, n), func(b *testing.B) { benchmarkFrame(b, k, n) })
		}
	}
}

func benchmarkFrame(b *testing.B, k *kind, n int) {
	table, frames := k.table(b), k.frames(n, 50)
	size := sizes(b, table, frames)
	b.Run("spliced", func(b *testing.B) {
		var segments [][]*Segment
		for _, f := range frames {
			segments = append(segments, mustEncode(b, table, f))
		}
		buffer := make([]byte, 0, table.Bound(0, n))
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			buffer = table.AppendFrame(buffer[:0], 0, segments[i%len(segments)])
		}
		perUpdate(b, n)
		b.ReportMetric(size["spliced"], "B/update")
	})
	for _, d := range deflaters {
		b.Run(d.name, func(b *testing.B) {
			w, err := d.open()
			if err != nil {
				b.Fatal(err)
			}
			var messages [][]byte
			for _, f := range frames {
				messages = append(messages, table.AppendRaw(nil, 0, f))
			}
			for i := 0; b.Loop(); i++ {
				w.Reset(io.Discard)
				w.Write(messages[i%len(messages)])
				w.Flush()
			}
			perUpdate(b, n)
			b.ReportMetric(size[d.name], "B/update")
		})
	}
}
