// Package wire is the client protocol, v1: the messages that clients send, the
// messages that the server sends, and the codes in both. JSON text over
// WebSocket (RFC 6455), one message a frame.
//
//	client                                   server
//	  |  GET /v1/ws                             |
//	  |<------------------------------- hello --|
//	  |-- subscribe BTC-USD, ETH-* ------------>|
//	  |<--------------------------------- ack --|  a verdict for every symbol
//	  |<---------------------------- snapshot --|  the values of now
//	  |<------------------------------ ticker --|  what changed, the newest values
//	  |<------------------------------ ticker --|
//	  |<------------------------------ status --|  when the feed or a symbol is not live, or is again
//	  |<--------------------------- heartbeat --|  when there was nothing to say
//
// Times are integers of microseconds since 1970. Prices and sizes are strings
// that hold exact decimals. Each kind of server message has a golden file in
// testdata, which the tests of the Go and of the TypeScript client read too.
package wire
