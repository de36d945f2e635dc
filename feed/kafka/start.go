package kafka

import (
	"errors"
	"fmt"
	"maps"
	"time"
)

// Start is where a consumer begins to read. The zero value is Beginning. It
// counts for the partitions that are there at the first look; one that is
// added to the topic later is read from its beginning.
type Start struct {
	kind    startKind
	at      time.Time
	offsets map[int32]int64
}

type startKind int

const (
	fromBeginning startKind = iota
	fromEnd
	fromTime
	fromOffsets
)

// Beginning starts at the oldest record that Kafka has.
func Beginning() Start { return Start{} }

// End starts behind the newest record.
func End() Start { return Start{kind: fromEnd} }

// At starts at the first record that was written at t or later, by its Kafka
// timestamp; where there is none, at the end.
func At(t time.Time) Start { return Start{kind: fromTime, at: t} }

// Offsets starts at the given offset of each partition, and at the beginning
// of partitions that are not named.
func Offsets(byPartition map[int32]int64) Start {
	return Start{kind: fromOffsets, offsets: maps.Clone(byPartition)}
}

func (s Start) validate() error {
	if s.kind == fromTime && s.at.IsZero() {
		return errors.New("start time is zero")
	}
	for partition, offset := range s.offsets {
		if partition < 0 || offset < 0 {
			return fmt.Errorf("start offset %d of partition %d is negative", offset, partition)
		}
	}
	return nil
}

// offsetReader is what Start asks of a partition's connection.
type offsetReader interface {
	ReadFirstOffset() (int64, error)
	ReadLastOffset() (int64, error)
	ReadOffset(time.Time) (int64, error)
}

func (s Start) resolve(partition int32, log offsetReader) (int64, error) {
	switch s.kind {
	case fromEnd:
		return log.ReadLastOffset()
	case fromTime:
		offset, err := log.ReadOffset(s.at)
		if err == nil && offset < 0 { // nothing that young
			return log.ReadLastOffset()
		}
		return offset, err
	case fromOffsets:
		if offset, ok := s.offsets[partition]; ok {
			return offset, nil
		}
	}
	return log.ReadFirstOffset()
}
