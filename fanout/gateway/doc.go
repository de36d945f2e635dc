// Package gateway is the way from the network to the fan-out and back.
//
//	/v1/ws        WebSocket, the client protocol of package wire
//	/v1/snapshot  newest values as JSON
//	/v1/symbols   what there is to subscribe to
//	/v1/server    how the server does, for operators
//	/v1/openapi.json, /v1/asyncapi.json
//	              what there is, for programs; see package apidoc
//	/             the dashboard
//
// and, on an address of its own, /livez, /readyz, /metrics and
// /v1/server for operators.
//
// Who comes passes, in this order,
//
//	seats     connections in all and by address
//	net/http  the time and the size of a handshake, TLS, HTTP/2
//	admit     drain, origins, tokens (package access): who it is, and which hub
//	screen    frames that gws would let pass
//	flood     messages a second
//
// and is counted where it is turned away, or by the fanout.Reason that its
// connection ended for. Limits has all bounds.
//
// A WebSocket connection is one goroutine that reads, and one more while a
// frame is on its way to the socket. It is the fanout.Outbox of its
// subscriber.
package gateway
