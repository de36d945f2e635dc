package kafka

import (
	"context"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"
)

// delay tells when a tick is old enough. Times are microseconds since 1970.
//
// A tick that says that it happened later than it was there has a wrong clock.
// Held by that clock it would stop those behind it, and held from when it is
// read, each such tick would stop them for another delay. So it is held from
// when it was there, as far as that is known: by sightings of the log's end.
type delay struct {
	by    int64 // 0: no delay
	due   int64 // when the tick that was asked about last is old enough
	sight []sighting
}

// sighting says that every record before end was there at the time at.
type sighting struct{ end, at int64 }

// sightings is how many are kept in the time of a delay, evenly spread.
const sightings = 16

// holds reports whether a tick is not old enough. now is no later than the
// real time, and end is where the log ended then or earlier.
func (d *delay) holds(event, offset, end, now int64) bool {
	if d.due = event + d.by; d.due <= now {
		return false
	}
	d.note(end, now)
	i := slices.IndexFunc(d.sight, func(s sighting) bool { return s.end > offset })
	switch {
	case i >= 0:
		d.due = min(event, d.sight[i].at) + d.by
	case event > now: // this is the first that is seen of it
		d.sight = append(d.sight, sighting{end: max(end, offset+1), at: now})
		d.due = now + d.by
	}
	return d.due > now
}

// note takes a sighting, if the last one is not too new. Of those that are
// older than the delay one is enough.
func (d *delay) note(end, now int64) {
	last := len(d.sight) - 1
	switch {
	case last < 0:
	case end < d.sight[last].end: // the log was cut, or made anew
		d.sight = d.sight[:0]
	case end == d.sight[last].end || now-d.sight[last].at < d.by/sightings:
		return
	}
	for len(d.sight) > 1 && d.sight[1].at+d.by <= now {
		d.sight = slices.Delete(d.sight, 0, 1)
	}
	d.sight = append(d.sight, sighting{end, now})
}

const (
	lookEvery  = time.Second            // how often the broker is asked for the end during a hold
	maxGrain   = 250 * time.Millisecond // bounds how late a tick is, and what came due meanwhile goes in one fetch
	smallFetch = 16 << 10               // bytes; what is asked for at least
)

// hold waits until the tick that take has stopped at is due. Nothing of it is
// kept but that time; it is fetched again. Asking for the end meanwhile keeps
// brokers from ending an idle connection, and shows that this one answers.
func (p *partition) hold(ctx context.Context, conn *kafka.Conn) error {
	due := time.UnixMicro(p.delay.due)
	grain := min(p.consumer.cfg.Delay/64, maxGrain)
	for left := max(time.Until(due), grain); left > 0; left = time.Until(due) {
		pause(ctx, min(left, lookEvery))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if left <= lookEvery {
			continue
		}
		if err := p.look(conn); err != nil {
			return err
		}
	}
	return nil
}

// look asks for the end of the log.
func (p *partition) look(conn *kafka.Conn) error {
	conn.SetDeadline(time.Now().Add(callTimeout))
	end, err := conn.ReadLastOffset()
	if err != nil {
		return err
	}
	if end < p.seen.Next {
		return kafka.OffsetOutOfRange
	}
	p.seen.End = end
	p.delay.note(end, time.Now().UnixMicro())
	p.arrived(true)
	return nil
}

// suit fits the size of a fetch to how much is due at a time: what is not is
// fetched in vain.
func (p *partition) suit(held bool) {
	most := p.consumer.cfg.MaxBytes
	if held {
		p.ask.MaxBytes = min(most, max(p.ask.MaxBytes/2, smallFetch))
	} else {
		p.ask.MaxBytes = min(most, 2*p.ask.MaxBytes)
	}
}
