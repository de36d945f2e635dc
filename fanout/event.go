package fanout

// An event of Server-Sent Events is lines and an empty one:
//
//	id: 0-1007,1-998
//	data: {"type":"ticker","data":[...]}
//
// It has no "event:" line, so a browser's onmessage gets it; the type is in the
// message, as over a WebSocket. The id is where to resume, see mark.go; a client
// keeps the last one that it was told.
const eventFoot = "\n\n"

func appendEventHead(dst []byte, mark []byte) []byte {
	if len(mark) > 0 {
		dst = append(dst, "id: "...)
		dst = append(dst, mark...)
		dst = append(dst, '\n')
	}
	return append(dst, "data: "...)
}
