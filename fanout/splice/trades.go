package splice

// Trades is the Table of messages with an array of trades such as
//
//	{"s":"BTC-USD","q":1006,"t":1732242000123400,"p":"67123.44","z":"0.5","d":"s"}
//
// with a code trained on those. It fails as Ticker does.
func Trades(foot string, heads ...string) (*Table, error) {
	return NewTable(TradesLayout(foot, heads...), &tradesLengths)
}

// TradesLayout is the Layout of that Table. Trades of one symbol stand together,
// and several that one order made have all but their seq and size in common.
func TradesLayout(foot string, heads ...string) Layout {
	return Layout{Heads: heads, Foot: foot, Separator: '-', Runs: true, Fields: []Field{
		{Name: "s", Quoted: true},
		{Name: "q"},
		{Name: "t", Tail: 6},
		{Name: "p", Quoted: true},
		{Name: "z", Quoted: true},
		{Name: "d", Quoted: true},
	}}
}
