package kafka

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	lagDesc         = describe("lag_records", "Records of the partition that are not read yet.")
	nextDesc        = describe("next_offset", "Offset of the next record wanted.")
	ticksDesc       = describe("ticks_total", "Ticks read.")
	undecodableDesc = describe("undecodable_total", "Records that are not ticks.")
	repeatedDesc    = describe("repeated_total", "Records that a fetch brought again; dropped.")
	lostDesc        = describe("lost_total", "Records that retention removed before they were read.")
	rewindsDesc     = describe("rewinds_total", "Times that the log was found shorter than before.")
	reconnectsDesc  = describe("reconnects_total", "Connections that ended and were made again.")
	behindDesc      = prometheus.NewDesc("tickwire_kafka_behind_seconds", "For how long the worst partition has not been at its end.", nil, nil)
	downDesc        = prometheus.NewDesc("tickwire_kafka_down_seconds", "For how long the worst partition has had no connection.", nil, nil)
)

func describe(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("tickwire_kafka_"+name, help, []string{"partition"}, nil)
}

// Describe names nothing: the partitions are not known before Run.
func (c *Consumer) Describe(chan<- *prometheus.Desc) {}

// Collect makes the Consumer a prometheus.Collector of its Progress.
func (c *Consumer) Collect(ch chan<- prometheus.Metric) {
	send := func(d *prometheus.Desc, kind prometheus.ValueType, v int64, partition int32) {
		ch <- prometheus.MustNewConstMetric(d, kind, float64(v), strconv.Itoa(int(partition)))
	}
	for _, p := range c.Progress() {
		send(lagDesc, prometheus.GaugeValue, p.Lag, p.Partition)
		send(nextDesc, prometheus.GaugeValue, p.Next, p.Partition)
		send(ticksDesc, prometheus.CounterValue, p.Ticks, p.Partition)
		send(undecodableDesc, prometheus.CounterValue, p.Undecodable, p.Partition)
		send(repeatedDesc, prometheus.CounterValue, p.Repeated, p.Partition)
		send(lostDesc, prometheus.CounterValue, p.Lost, p.Partition)
		send(rewindsDesc, prometheus.CounterValue, p.Rewinds, p.Partition)
		send(reconnectsDesc, prometheus.CounterValue, p.Reconnects, p.Partition)
	}
	health := c.Health(time.Now())
	ch <- prometheus.MustNewConstMetric(behindDesc, prometheus.GaugeValue, health.Behind.Seconds())
	ch <- prometheus.MustNewConstMetric(downDesc, prometheus.GaugeValue, health.Down.Seconds())
}
