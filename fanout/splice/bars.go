package splice

// Bars is the Table of messages with an array of bars such as
//
//	{"s":"BTC-USD","t":1732241940000000,"q":1001,"o":"67100.00","h":"67130.00","l":"67090.00","c":"67123.44","v":"3.21","k":41,"x":true}
//
// with a code trained on those. It fails as Ticker does.
func Bars(foot string, heads ...string) (*Table, error) {
	return NewTable(BarsLayout(foot, heads...), &barsLengths)
}

// BarsLayout is the Layout of that Table. Neighbours are of one interval, and
// the prices of a bar are near each other.
func BarsLayout(foot string, heads ...string) Layout {
	const open, high, low = 3, 4, 5
	return Layout{Heads: heads, Foot: foot, Separator: '-', Runs: true, Fields: []Field{
		{Name: "s", Quoted: true},
		{Name: "t", Tail: 12},
		{Name: "q"},
		{Name: "o", Quoted: true},
		{Name: "h", Quoted: true, Like: []int{open}},
		{Name: "l", Quoted: true, Like: []int{open, high}},
		{Name: "c", Quoted: true, Like: []int{high, low, open}},
		{Name: "v", Quoted: true},
		{Name: "k"},
		{Name: "x"},
	}}
}
