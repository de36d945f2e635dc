package fanout

import (
	"errors"
	"strconv"
	"strings"

	"tickwire/feed"
)

// marks say up to which offset of each partition something has been told: by
// partition, one more than the offset; 0: nothing. As text, the id of an event,
// they are such as 0-1007,3-998.
//
// The offsets are Kafka's, so a client can resume with them on any node. Of a
// partition that they do not name nothing has been told.
type marks []int64

// note takes account of a tick.
func (m *marks) note(at feed.Position) {
	for int(at.Partition) >= len(*m) {
		*m = append(*m, 0)
	}
	(*m)[at.Partition] = max((*m)[at.Partition], at.Offset+1)
}

// next is the first offset of a partition that has not been told.
func (m marks) next(partition int) int64 {
	if partition < len(m) {
		return m[partition]
	}
	return 0
}

func (m marks) append(dst []byte) []byte {
	for partition, next := range m {
		if next == 0 {
			continue
		}
		if len(dst) > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(dst, int64(partition), 10)
		dst = append(dst, '-')
		dst = strconv.AppendInt(dst, next-1, 10)
	}
	return dst
}

// noMarks is the position of a node that has taken in nothing at all.
const noMarks = "none"

// position is the text of marks in an ack.
func (m marks) position() string {
	if text := m.append(nil); len(text) > 0 {
		return string(text)
	}
	return noMarks
}

// parsePosition reads the position of a request. It is not nil.
func parsePosition(text string) (marks, error) {
	if text == noMarks {
		return marks{}, nil
	}
	return parseMarks(text)
}

// maxPartition bounds what a client can have a node make room for.
const maxPartition = 1 << 14

// markEvent gives the event under assembly its id, if the client then has all up
// to there. While something is pending it has not, and resumes from before.
//
// A pulse takes the dirty symbols one after the other, and a tick may come with
// a lower offset than one that was taken already. So the marks are those of before
// the pulse took any: whatever they say was dirty then, and is taken by now.
func (sh *shard) markEvent(s *Subscriber) {
	sh.assembly.mark = sh.assembly.mark[:0]
	if s.encoding == Events && s.settled() {
		sh.assembly.mark = sh.sure.append(sh.assembly.mark)
	}
}

// settled reports whether nothing is pending but what is being sent.
func (s *Subscriber) settled() bool {
	if s.parked > 0 {
		return false
	}
	for _, p := range s.watchlist.parts {
		if p != nil && !(p.pending.empty() && p.fresh.empty()) {
			return false
		}
	}
	return true
}

var errMark = errors.New("not an id of this server's events")

// parseMarks reads the id of an event.
func parseMarks(id string) (marks, error) {
	var m marks
	for one := range strings.SplitSeq(id, ",") {
		partition, offset, _ := strings.Cut(one, "-")
		p, err := strconv.ParseUint(partition, 10, 31)
		if err != nil || p > maxPartition {
			return nil, errMark
		}
		o, err := strconv.ParseInt(offset, 10, 64)
		if err != nil || o < 0 || o+1 < 0 {
			return nil, errMark
		}
		m.note(feed.Position{Partition: int32(p), Offset: o})
	}
	return m, nil
}
