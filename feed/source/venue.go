package source

import (
	"errors"
	"net/url"
	"strings"

	"github.com/valyala/fastjson"

	"tickwire/feed"
)

// errFrame is that a frame is JSON, but not as its venue documents it.
var errFrame = errors.New("frame is not as the venue documents it")

// venue reads the frames of one exchange.
type venue struct {
	name string

	// read appends the ticks of v to d.ticks, or returns what kind of frame v is
	// when it is not one that holds ticks.
	read func(d *decoder, v *fastjson.Value, received int64) (passed []byte, err error)
}

var (
	binance  = &venue{"binance", readBinance}
	coinbase = &venue{"coinbase", readCoinbase}
	kraken   = &venue{"kraken", readKraken}
	unknown  = &venue{"unknown", readForeign}
)

// venueAt is the venue of a connection. One that is not read here is known by
// its host, and all its frames are passed over.
func venueAt(address string) *venue {
	u, err := url.Parse(address)
	if err != nil {
		return unknown
	}
	switch host := u.Hostname(); {
	case strings.HasSuffix(host, ".binance.com"), strings.HasSuffix(host, ".binance.us"), strings.HasSuffix(host, ".binance.vision"):
		return binance
	case strings.HasSuffix(host, ".coinbase.com") && strings.HasPrefix(host, "ws-feed"):
		return coinbase
	case host == "ws.kraken.com" && strings.Trim(u.Path, "/") != "v2":
		return kraken
	case feed.ValidSymbol([]byte(host)):
		return &venue{host, readForeign}
	}
	return unknown
}

// venueOf tells the venue from a frame's shape, for recordings that do not say.
func venueOf(v *fastjson.Value) *venue {
	switch {
	case v.Type() == fastjson.TypeArray:
		return kraken
	case v.Exists("stream"), v.Exists("e"), v.Exists("u"), v.Exists("lastUpdateId"), v.Exists("result"):
		return binance
	case v.Exists("type"):
		return coinbase
	case v.Exists("event"):
		return kraken
	}
	return unknown
}

func readForeign(*decoder, *fastjson.Value, int64) ([]byte, error) { return []byte("frame"), nil }

// decoder makes ticks of frames. It reuses its memory: what ticks point to is
// good until the next frame.
type decoder struct {
	parser  fastjson.Parser
	symbols symbols
	ticks   []feed.Tick
}

// decode fills d.ticks with the ticks of a frame that was received at a local
// time in microseconds. A nil venue is told from the frame. When the frame is
// of a kind without ticks, that kind is returned, as good as the ticks are.
func (d *decoder) decode(from *venue, frame []byte, received int64) (by *venue, passed []byte, err error) {
	d.ticks = d.ticks[:0]
	v, err := d.parser.ParseBytes(frame)
	if err != nil {
		return from, nil, err
	}
	if from == nil {
		from = venueOf(v)
	}
	passed, err = from.read(d, v, received)
	if err != nil || passed != nil {
		d.ticks = d.ticks[:0]
		return from, passed, err
	}
	for i := range d.ticks {
		if err := d.ticks[i].Validate(); err != nil {
			d.ticks = d.ticks[:0]
			return from, nil, err
		}
	}
	return from, nil, nil
}

// zero reports whether n is a zero of any length, or empty.
func zero(n feed.Number) bool {
	for _, c := range n {
		if c != '0' && c != '.' {
			return false
		}
	}
	return true
}

// trade appends a trade. None can be made at a price of zero, so a frame that
// says so is passed over.
func (d *decoder) trade(t feed.Tick) (passed []byte, err error) {
	if len(t.Price) == 0 || len(t.Size) == 0 || t.Side == feed.NoSide {
		return nil, errFrame
	}
	if zero(t.Price) {
		return []byte("trade-at-zero"), nil
	}
	d.ticks = append(d.ticks, t)
	return nil, nil
}
