package report

import (
	"math"
	"time"
)

// A run that went well, and one that did not. Their figures hang together, and
// are always the same.
func goodRun() *Result {
	r := &Result{
		Version: "v1.2.0", Command: "tickwire load --url ws://127.0.0.1:8080/v1/ws --connections 10000 --publish",
		Started: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC), Mode: Publish,
		Machine: Machine{OS: "linux", Arch: "amd64", CPUs: 8, CPU: "AMD EPYC", Memory: 32 << 30, Kernel: "6.8.0", Go: "go1.26.0"},
		Config: Config{URL: "ws://127.0.0.1:8080/v1/ws", Connections: 10_000, Watchlist: 20, Symbols: 1000, Mix: "zipf", Channel: "ticker", Rate: 10,
			Compression: true, RampSeconds: 10, Duration: 60, Schedule: "poisson", TicksPerSecond: 5000, Share: 0.01, Stalled: "5%", Slow: "5%:32KiB/s", Seed: 7},
		Connections: 10_000, Frames: 5_700_000, Updates: 11_400_000, TicksPublished: 300_000, Bytes: 513_000_000, Seconds: 60,
		UpdatesPerSecond: 190_000, BytesPerUpdate: 45, CompressionRatio: 2.61,
		Latency:     Latency{P50: 2310, P90: 5400, P99: 11_200, P999: 19_800, P9999: 41_000, Max: 88_300, Mean: 2987.4, Count: 11_400_000},
		Uncorrected: Latency{P50: 2290, P90: 5310, P99: 10_900, P999: 17_100, P9999: 23_000, Max: 29_400, Mean: 2911.2, Count: 11_400_000},
		Hops:        &Hops{Publish: Hop{60, 900, 61_000}, Kafka: Hop{700, 2100, 64_000}, Server: Hop{800, 4000, 15_000}, Client: Hop{600, 3100, 21_000}},
		Reach:       1, Conflated: 21_000_000, Converged: true,
		Cohorts: map[string]Cohort{
			"steady":  {Members: 9000, Connected: 9000, Frames: 5_600_000, Updates: 11_200_000, Snapshots: 180_000, Conflated: 20_000_000, Bytes: 504_000_000, Latency: Latency{P50: 2300, P90: 5300, P99: 11_000, P999: 19_000, P9999: 40_000, Max: 88_300, Mean: 2900, Count: 11_200_000}, First: Hop{4000, 21_000, 80_000}, Reach: 1, Decoded: 56_000},
			"slow":    {Members: 500, Connected: 500, Frames: 100_000, Updates: 200_000, Conflated: 1_000_000, Bytes: 9_000_000, Latency: Latency{P50: 31_000, P99: 210_000, Max: 400_000, Count: 200_000}, First: Hop{4200, 23_000, 81_000}, Reach: 1},
			"stalled": {Members: 500, Connected: 500, Evicted: 500, Closes: map[string]uint64{"4101 slow": 498, "1006": 2}},
		},
		Failures:  map[string]uint64{"read: connection reset by peer": 2},
		Publisher: &Publisher{Planned: 300_000, Published: 300_000, Schedule: "poisson", MaxLateMS: 1.9, LateMS: 0.2, BlockedS: 4.2},
		Generator: Generator{CPUSeconds: 96, Cores: 1.6, MaxLagMS: 6.1, LagMS: 0.4, SeatMS: 0.35, WaitMS: 0.3, GCMaxMS: 0.2, RSSBytes: 180 << 20, HeapBytes: 70 << 20, Valid: true},
		Server: &Server{CPUSeconds: 140, Cores: 2.33, RSSBytes: 410 << 20, HeapBytes: 190 << 20, GCMaxUS: 310, Goroutines: 10_050, Subscribers: 10_000, Symbols: 1000,
			Pulses: 240_000, PulseMeanUS: 480, Frames: 5_720_000, Updates: 11_450_000, Conflated: 21_000_000, ConflationRatio: 0.647, BytesPerUpdate: 45.1, CompressionRatio: 2.6,
			LagRecords: 31, AgeMS: 14, Ended: map[string]uint64{"slow": 498}, Readings: 60},
		Clock: &Clock{OffsetUS: 0, UncertaintyUS: 40, Note: "same host"},
	}
	r.Percentiles = curve(r.Latency, r.Uncorrected)
	for s := range 60 {
		wave := 1 + 0.3*math.Sin(float64(s)/5)
		row := Row{At: float64(s + 1), Seconds: 1, Connections: min(10_000, 1000*(s+1)), PublishedPerSecond: 5000 * wave, UpdatesPerSecond: 190_000 * wave,
			FramesPerSecond: 95_000, BytesPerSecond: 8.5e6 * wave, P50: int64(2300 * wave), P99: int64(11_000 * wave), Max: int64(24_000 * wave)}
		if s == 41 {
			row.Max = 88_300
		}
		r.Series = append(r.Series, row)
	}
	return r
}

// curve goes through the percentiles of two latencies.
func curve(a, b Latency) (points []Percentile) {
	at := []float64{0, 0.5, 0.9, 0.99, 0.999, 0.9999, 1}
	for i, l := range []int64{a.P50 / 3, a.P50, a.P90, a.P99, a.P999, a.P9999, a.Max} {
		points = append(points, Percentile{Quantile: at[i], Latency: l, Uncorrected: []int64{b.P50 / 3, b.P50, b.P90, b.P99, b.P999, b.P9999, b.Max}[i]})
	}
	return points
}

func badRun() *Result {
	r := goodRun()
	r.Reach, r.Converged, r.Behind = 0.999_999, false, 3
	r.Violations = Violations{Order: 1, Value: 1204, GapUnsaid: 7, Final: 3, Examples: []Violation{
		{Kind: "value", Client: "steady-17", Symbol: "LOAD-00003", Before: 1007, Seq: 1009, What: `p is "67123.44", and "67123.45" was published`},
		{Kind: "order", Client: "steady-2", Symbol: "<b>LOAD</b>", Before: 1009, Seq: 1009, What: "repeated"}}}
	r.Generator.Valid, r.Generator.Why = false, []string{"the generator came 9ms late itself (p99), a quarter or more of the 11.2ms that it measured: use fewer connections, or a machine of its own"}
	steady := r.Cohorts["steady"]
	steady.Connected, steady.Evicted, steady.Violations, steady.Behind = 8990, 4, r.Violations, 3
	steady.Violations.Examples = nil
	r.Cohorts["steady"] = steady
	r.Server = nil
	r.Knee = &Knee{Bound: "p99<20ms", BoundUS: 20_000, Dimension: "connections", Held: 8000, Broke: 12_000, Recovery: 1.4,
		Steps: []Step{
			{Load: 2000, P50: 900, P99: 4000, UpdatesPerSecond: 40_000, Conflation: 0.1, Held: true, Valid: true},
			{Load: 4000, P50: 1200, P99: 7000, UpdatesPerSecond: 80_000, Conflation: 0.2, Held: true, Valid: true},
			{Load: 8000, P50: 2300, P99: 14_000, UpdatesPerSecond: 150_000, Conflation: 0.5, Held: true, Valid: true},
			{Load: 12_000, P50: 8000, P99: 31_000, UpdatesPerSecond: 170_000, Conflation: 0.7, Valid: true}},
		Double: &Double{Step: Step{Load: 16_000, P50: 21_000, P99: 60_000, UpdatesPerSecond: 180_000, Conflation: 0.8, Valid: true}, Graceful: true, Why: "as many updates, conflated more, nobody lost"}}
	return r
}

func passiveRun() *Result {
	r := goodRun()
	r.Mode, r.Publisher, r.TicksPublished, r.Hops = Passive, nil, 0, nil
	r.Config.Schedule, r.Config.TicksPerSecond = "", 0
	r.Clock = &Clock{OffsetUS: -2300, UncertaintyUS: 400, Note: "the publisher's clock is not known"}
	return r
}
