// Package gateway is the way from the network to the fan-out and back.
//
//	/v1/ws        WebSocket, the client protocol of package wire
//	/v1/snapshot  newest values as JSON
//	/v1/symbols   what there is to subscribe to
//	/             the dashboard
//
// and, on an address of its own, /livez, /readyz and /metrics for operators.
//
// A WebSocket connection is one goroutine that reads, and one more while a
// frame is on its way to the socket. It is the fanout.Outbox of its
// subscriber.
package gateway
