package fanout

// Outbox is the way to one client's socket. The gateway makes it; the shard of
// the subscriber calls it, one call at a time, and no call may block.
type Outbox interface {
	// TryFrame takes one message of the protocol. The bytes are the shard's
	// again when it returns.
	TryFrame(message []byte) Outcome
	// Shut ends the connection for a reason. No TryFrame follows.
	Shut(Reason)
}

// Outcome is what an Outbox did with a message.
type Outcome uint8

// Outcomes of TryFrame.
const (
	// Sent: the message is with the kernel, the next one may follow at once.
	Sent Outcome = iota
	// Blocked: the message is taken but not yet out. The Outbox calls
	// Subscriber.Writable exactly once when it can take the next.
	Blocked
	// Gone: the connection has ended.
	Gone
)
