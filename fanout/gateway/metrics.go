package gateway

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"tickwire/fanout"
	"tickwire/fanout/wire"
	"tickwire/feed/history"
)

// metrics is what the gateway counts itself; the hub's counters are read when
// somebody asks.
type metrics struct {
	registry   *prometheus.Registry
	turnedAway *prometheus.CounterVec
	refused    *prometheus.CounterVec
}

func newMetrics(hubs *hubs) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		turnedAway: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tickwire_turned_away_total", Help: "Connections, handshakes and requests that were turned away, by why."}, []string{"why"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tickwire_requests_refused_total", Help: "Client messages answered with an error, by its code."}, []string{"code"}),
	}
	for _, why := range whys {
		m.turnedAway.WithLabelValues(why)
	}
	m.registry.MustRegister(m.turnedAway, m.refused, hubCollector{hubs},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Registry is where other parts of the process add their metrics to /metrics.
func (g *Gateway) Registry() prometheus.Registerer { return g.metrics.registry }

// hubCollector turns the hubs' Stats into metrics.
type hubCollector struct{ hubs *hubs }

var (
	symbolsDesc     = describe("symbols", "Symbols in the Book.")
	subscribersDesc = describe("subscribers", "Connected clients.")
	pulsesDesc      = describe("pulses_total", "Rounds of the shards.")
	pulseTimeDesc   = describe("pulse_seconds_total", "Time spent in pulses.")
	framesDesc      = describe("frames_total", "Messages given to sockets.")
	updatesDesc     = describe("updates_total", "Updates in those messages.")
	textDesc        = describe("update_text_bytes_total", "Bytes of those updates before compression.")
	bytesDesc       = describe("frame_bytes_total", "Bytes of the frames as they went out.")
	heartbeatsDesc  = describe("heartbeats_total", "Heartbeats among those messages.")
	conflatedDesc   = describe("conflated_ticks_total", "Ticks that a client got only as part of a later update.")
	skippedDesc     = describe("ticks_skipped_total", "Ticks that did not become the newest value, by what they were.", "what")
	gapsDesc        = describe("gaps_total", "Gaps told to clients.")
	replayedDesc    = describe("replayed_trades_total", "Trades that clients got from Kafka again.")
	lateDesc        = describe("late_trades_total", "Trades that came too late for the bars of an interval.", "interval")
	aheadDesc       = describe("trades_ahead_total", "Trades whose event time was too far ahead to count in a bar.")
	stateDesc       = describe("feed_state", "1 for the state that the feed is in.", "state")
	ageDesc         = describe("newest_tick_age_seconds", "Now less the event time of the newest tick.")
	endedDesc       = describe("connections_ended_total", "Connections that ended, by reason.", "reason")
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("tickwire_"+name, help, labels, nil)
}

// Describe leaves it to Collect to tell what there is.
func (c hubCollector) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, ch) }

// Collect reads the hub's counters.
func (c hubCollector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64) { ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v) }
	count := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	s := c.hubs.stats()
	gauge(symbolsDesc, float64(s.Symbols))
	gauge(subscribersDesc, float64(s.Subscribers))
	count(pulsesDesc, float64(s.Pulses))
	count(pulseTimeDesc, s.PulseTime.Seconds())
	count(framesDesc, float64(s.Frames))
	count(updatesDesc, float64(s.Updates))
	count(textDesc, float64(s.Text))
	count(bytesDesc, float64(s.Bytes))
	count(heartbeatsDesc, float64(s.Heartbeats))
	count(conflatedDesc, float64(s.Conflated))
	count(skippedDesc, float64(s.Repeated), "repeated")
	count(skippedDesc, float64(s.Astray), "astray")
	count(skippedDesc, float64(s.Refused), "refused")
	count(gapsDesc, float64(s.Gaps))
	count(replayedDesc, float64(s.Replayed))
	now := c.hubs.list()[0] // not that of delayed values
	odd := now.OddTrades()
	for i, late := range odd.Late {
		count(lateDesc, float64(late), history.Interval(i).String())
	}
	count(aheadDesc, float64(odd.Ahead))
	feed := now.Feed()
	for _, state := range []wire.State{wire.Live, wire.Stale, wire.Lagging, wire.Down} {
		value := 0.0
		if state == feed.State {
			value = 1
		}
		ch <- prometheus.MustNewConstMetric(stateDesc, prometheus.GaugeValue, value, string(state))
	}
	gauge(ageDesc, feed.Age.Seconds())
	for _, r := range fanout.Reasons() {
		count(endedDesc, float64(s.Ended[r]), r.String())
	}
}
