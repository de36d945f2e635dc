package kafka

import (
	"bytes"
	"compress/gzip"
	"hash/crc32"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// run is a record batch as compaction leaves it: of the offsets base to last
// only some have a record still, perhaps none.
type run struct {
	base, last int64
	kept       []int64
	gzip       bool
}

// bytes is the run in Kafka's format.
func (r run) bytes(t *testing.T) []byte {
	var records []byte
	for _, offset := range r.kept {
		record := kmsg.Record{OffsetDelta: int32(offset - r.base), Value: []byte(recordOf("A", int(offset)+1))}
		record.Length = int32(len(record.AppendTo(nil)) - 1)
		if sized := record.AppendTo(nil); len(sized)-1 > 63 { // its length takes two bytes
			record.Length = int32(len(sized) - 2)
		}
		records = record.AppendTo(records)
	}
	b := kmsg.RecordBatch{
		FirstOffset: r.base, Magic: 2, LastOffsetDelta: int32(r.last - r.base),
		FirstTimestamp: 1, MaxTimestamp: 1, ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1,
		NumRecords: int32(len(r.kept)), Records: records,
	}
	if r.gzip && len(records) > 0 {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		w.Write(records)
		w.Close()
		b.Attributes, b.Records = 1, packed.Bytes()
	}
	raw := b.AppendTo(nil)
	b.Length = int32(len(raw) - 12)
	b.CRC = int32(crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli)))
	return b.AppendTo(nil)
}

// serve answers fetches like Kafka: from the batch that the offset belongs to,
// and no more than limit batches.
func serve(t *testing.T, fake *kfake.Cluster, log []run, limit int) {
	end := log[len(log)-1].last + 1
	fake.ControlKey(int16(kmsg.ListOffsets), func(k kmsg.Request) (kmsg.Response, error, bool) {
		fake.KeepControl()
		req := k.(*kmsg.ListOffsetsRequest)
		resp := req.ResponseKind().(*kmsg.ListOffsetsResponse)
		p := kmsg.NewListOffsetsResponseTopicPartition()
		if p.Offset = end; req.Topics[0].Partitions[0].Timestamp == -2 {
			p.Offset = 0
		}
		one := kmsg.NewListOffsetsResponseTopic()
		one.Topic, one.Partitions = "ticks", append(one.Partitions, p)
		resp.Topics = append(resp.Topics, one)
		return resp, nil, true
	})
	fake.ControlKey(int16(kmsg.Fetch), func(k kmsg.Request) (kmsg.Response, error, bool) {
		fake.KeepControl()
		req := k.(*kmsg.FetchRequest)
		from := req.Topics[0].Partitions[0].FetchOffset
		resp := req.ResponseKind().(*kmsg.FetchResponse)
		p := kmsg.NewFetchResponseTopicPartition()
		p.HighWatermark, p.LastStableOffset, p.RecordBatches = end, end, []byte{}
		i := slices.IndexFunc(log, func(r run) bool { return r.last >= from })
		for n := 0; i >= 0 && i < len(log) && n < limit; i, n = i+1, n+1 {
			p.RecordBatches = append(p.RecordBatches, log[i].bytes(t)...)
		}
		one := kmsg.NewFetchResponseTopic()
		one.Topic, one.Partitions = "ticks", append(one.Partitions, p)
		resp.Topics = append(resp.Topics, one)
		return resp, nil, true
	})
}

// emptied are logs as compaction leaves them. kafka-go stops, or panics, at
// some of what is in them.
var emptied = []struct {
	scenario string
	log      []run
	limit    int // batches in one answer
	want     []int
}{
	{"an empty batch at the end of the log", []run{{0, 2, []int64{0, 1, 2}, false}, {3, 7, nil, false}}, 9, []int{1, 2, 3}},
	{"an empty batch alone in its answer", []run{{0, 4, nil, false}, {5, 5, []int64{5}, false}}, 1, []int{6}},
	{"two empty batches behind a full one", []run{{0, 0, []int64{0}, false}, {1, 1, nil, false}, {2, 2, nil, false}, {3, 3, []int64{3}, false}}, 9, []int{1, 4}},
	{"five empty batches in a row", []run{{0, 0, nil, false}, {1, 1, nil, false}, {2, 2, nil, false}, {3, 3, nil, false}, {4, 4, nil, false}, {5, 5, []int64{5}, false}}, 9, []int{6}},
	{"the tail of a batch gone", []run{{0, 9, []int64{1, 3}, false}, {10, 10, []int64{10}, false}}, 1, []int{2, 4, 11}},
	{"the tail of a compressed batch gone", []run{{0, 9, []int64{1, 3}, true}, {10, 10, []int64{10}, true}}, 1, []int{2, 4, 11}},
	{"the tail of a compressed batch gone, at the end of the log", []run{{0, 0, []int64{0}, true}, {1, 9, []int64{1}, true}}, 9, []int{1, 2}},
}

func TestEmptiedBatchesStopNothing(t *testing.T) {
	for _, tc := range emptied {
		t.Run(tc.scenario, func(t *testing.T) {
			fake, addr := fakeCluster(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "ticks"))
			serve(t, fake, tc.log, tc.limit)
			sink := newCollector(t)
			c, _ := mustConsume(t, ConsumerConfig{Cluster: Cluster{Brokers: []string{addr}}, Topic: "ticks", Sink: sink})
			end := tc.log[len(tc.log)-1].last + 1
			until(t, func() string {
				if c.Ready() {
					return caughtUpTo(c, end)
				}
				return "not ready"
			})
			if got := sink.numbers("A"); !slices.Equal(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
			if p := c.Progress()[0]; p.Ticks+p.Holes != end {
				t.Errorf("progress: %+v; want ticks and holes %d together", p, end)
			}
		})
	}
}

func caughtUpTo(c *Consumer, end int64) string {
	if p := c.Progress()[0]; p.Next < end {
		return "not at the end: " + p.LastError
	}
	return ""
}
