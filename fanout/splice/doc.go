// Package splice makes compressed messages out of updates that were compressed
// once, however many messages they are part of.
//
// A thousand subscribers with watchlists of their own get a thousand different
// messages, made of the same few hundred updates. A compressor would go through
// each message byte by byte. But what it makes of one update is, all but a few
// bits, the same wherever the update stands. So [Table.Encode] compresses an
// update once, into a [Segment], and [Table.AppendFrame] shifts the segments of a
// message together and fills in the rest. The result is plain DEFLATE: any
// receiver with permessage-deflate reads it.
//
// # One example
//
// Two updates that follow each other in a message:
//
//	{"s":"BTC-USD","q":1007,"n":88,"t":1732242000123456,"p":"67123.45","z":"0.0120","b":"67123.44",...},
//	{"s":"ETH-USD","q":1042,"n":9,"t":1732242000101002,"p":"3312.07","z":"1.500","b":"3312.06",...
//
// The second becomes
//
//	"},{"s":"        ETH   -USD","q":   1042   ,"n":   9   ,"t":1732242000   101002   ,"p":"   3312.07   ","z":"   1.500   ","b":"   3312.0   6
//	match d0       lit      match d1   lit   match d2  lit     match d3         lit    match d4     lit    match d5    lit   match d6  match p  lit
//
// A lit is a string of literals. It does not depend on where the update stands,
// so its bits are in the Segment. So are those of the last match: the bid begins
// as the price does, always as far back.
//
// Every other match takes a key from the update before, and that one's distance
// depends on the neighbour: it is what the neighbour has from its own key on,
// and what this update has before the key,
//
//	d = (span - offset of the key) of the neighbour + offset of the key here
//
// which is one addition and one look at a table of finished codes.
//
// A match may take more than the key for nothing, where the neighbour has the
// same around it: the suffix of the symbol (-USD), the first digits of a time
// or seq (1732242000), the zeros that end a number. AppendFrame compares the two
// Segments and leaves out those bits; the distance stays as it is.
//
// # Runs
//
// Trades and bars have more in common with their neighbours. Of two trades that
// one order made,
//
//	{"s":"BTC-USD","q":1006,"t":1732242000123400,"p":"67123.44","z":"0.5","d":"s"},
//	{"s":"BTC-USD","q":1007,"t":1732242000123400,"p":"67123.45","z":"0.25","d":"s"},
//
// the second becomes, in a [Layout] with Runs,
//
//	"},{"s":"BTC-USD","q":100   7   ,"t":1732242000123400,"p":"67123.4   5   ","z":"0.   25   ","d":"s"},...
//	match                       lit  match                               lit  match      lit   match, into the next trade
//
// A match takes what the value behind its key begins with in both, and where
// that is all of it goes on: equal values are equally long, so the distance of
// the next key is the same. How much is equal AppendFrame sees by the bits; a
// Segment marks there where the characters end.
//
// # A message
//
//	block header | head | first update | , | update | , | update | foot | end of block | 000
//
// It is one block with its own codes (BTYPE 10; RFC 1951, sections 3.2.3 and
// 3.2.7) that are the same in all messages of a [Table], so that the header is
// a constant. Codes are put lowest bit first (section 3.1.1); matches are a
// length and a distance code with extra bits (section 3.2.5). The block is
// followed by an empty stored one (section 3.2.4), of which only the three bits
// of its header and the fill-up of the byte are sent: RFC 7692, section 7.2.1,
// has the sender cut off the 00 00 ff ff behind them, and section 7.2.2 the
// receiver put them back.
//
// No message refers to the one before. That is what the server promises with
// server_no_context_takeover (RFC 7692, section 7.1.1.1), and without that
// promise it is allowed all the same. Distances are at most [Window] bytes,
// whatever the receiver's window.
//
// The first update has no neighbour. Its keys are pieced together out of
// literals, the head and its own earlier keys; which pieces take the fewest bits
// is worked out once per head.
//
// # The code
//
// The code lengths of [Ticker], [Trades] and [Bars] are in lengths.go. A program
// that go generate runs makes them from a synthetic market: it looks for the
// lengths with which data and header together are smallest. Every printable
// character has a code. Data unlike the market makes frames larger, never wrong.
// When a message gets another key, its layout must follow and the program must
// run again.
//
// # Use
//
// Give AppendFrame the segments sorted as by [Table.Compare], those of one symbol
// in their order. Send single updates raw ([Table.AppendRaw]): the block header alone takes some 35 bytes.
// Two and more are smaller compressed.
// Put the WebSocket header into bytes left free before the payload.
package splice
