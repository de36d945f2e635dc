package fanout

import "time"

// Outbox is the way to one client's socket. The gateway makes it; the shard of
// the subscriber calls it, one call at a time, and no call may block.
type Outbox interface {
	// TryFrame takes a whole WebSocket frame, or an event, as the subscriber's
	// encoding is, and writes of it what the socket takes at once. Short
	// messages may come several in one piece. The bytes are the shard's again when it returns.
	TryFrame(frame []byte) Outcome
	// Progress is when the client last took a byte of what is on its way. The
	// shard asks while a frame is blocked.
	Progress() time.Time
	// Shut ends the connection for a reason. No TryFrame follows.
	Shut(Reason)
}

// Outcome is what an Outbox did with a frame.
type Outcome uint8

// Outcomes of TryFrame.
const (
	// Sent: the frame is with the kernel, the next one may follow at once.
	Sent Outcome = iota
	// Blocked: the frame is taken but not all of it is out. The Outbox calls
	// Subscriber.Writable exactly once when it can take the next.
	Blocked
	// Gone: the connection has ended.
	Gone
)
