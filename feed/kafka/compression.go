package kafka

import (
	"fmt"

	"github.com/segmentio/kafka-go"
)

// Compression is how the records of a batch are compressed.
type Compression int8

// The values are Kafka's own.
const (
	NoCompression Compression = iota
	Gzip
	Snappy
	LZ4
	Zstd
)

var compressionNames = [...]string{"none", "gzip", "snappy", "lz4", "zstd"}

// String is the name that UnmarshalText reads.
func (c Compression) String() string {
	if c < NoCompression || c > Zstd {
		return fmt.Sprintf("Compression(%d)", int8(c))
	}
	return compressionNames[c]
}

// UnmarshalText reads none, gzip, snappy, lz4 or zstd.
func (c *Compression) UnmarshalText(text []byte) error {
	for i, name := range compressionNames {
		if name == string(text) {
			*c = Compression(i)
			return nil
		}
	}
	return fmt.Errorf("compression %q is none of none, gzip, snappy, lz4, zstd", text)
}

func (c Compression) codec() kafka.Compression { return kafka.Compression(c) }
