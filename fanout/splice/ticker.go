package splice

//go:generate go run ./train

// Ticker is the Table of messages with an array of updates such as
//
//	{"s":"BTC-USD","q":1007,"n":88,"t":1732242000123456,"p":"67123.45","z":"0.0123","b":"67123.44","a":"67123.46","v":"120.5"}
//
// with a code trained on those. It fails only on a head that is longer than 250
// bytes, and on a head or foot that is not of printable ASCII.
func Ticker(foot string, heads ...string) (*Table, error) {
	return NewTable(TickerLayout(foot, heads...), &tickerLengths)
}

// TickerLayout is the Layout of that Table. The last six digits of a time are
// microseconds; those before are the second, which neighbours share. Seqs of one
// partition are close to each other.
func TickerLayout(foot string, heads ...string) Layout {
	const price, bid = 4, 6
	return Layout{Heads: heads, Foot: foot, Separator: '-', Fields: []Field{
		{Name: "s", Quoted: true},
		{Name: "q", Tail: 4},
		{Name: "n"},
		{Name: "t", Tail: 6},
		{Name: "p", Quoted: true},
		{Name: "z", Quoted: true},
		{Name: "b", Quoted: true, Like: []int{price}},
		{Name: "a", Quoted: true, Like: []int{bid, price}},
		{Name: "v", Quoted: true},
	}}
}
