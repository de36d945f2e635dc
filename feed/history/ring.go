package history

// ring holds the last few of something. It grows by doubling, up to the limit
// that each call is given and that is always the same one.
type ring[T any] struct {
	buf  []T
	head int // where the oldest is
	n    int
}

// at is the i-th oldest.
func (r *ring[T]) at(i int) *T {
	i += r.head
	if i >= len(r.buf) {
		i -= len(r.buf)
	}
	return &r.buf[i]
}

// last is the newest; there must be one.
func (r *ring[T]) last() *T { return r.at(r.n - 1) }

// push makes a place behind the last one, where a full ring gives up its
// oldest. The place holds something old: the caller sets all of it.
func (r *ring[T]) push(limit int) *T {
	switch {
	case r.n < len(r.buf):
		r.n++
	case r.n < limit:
		r.grow(min(max(2*r.n, 1), limit))
		r.n++
	default:
		if r.head++; r.head == len(r.buf) {
			r.head = 0
		}
	}
	return r.last()
}

func (r *ring[T]) grow(size int) {
	buf := make([]T, size)
	copy(buf[copy(buf, r.buf[r.head:]):], r.buf[:r.head])
	r.buf, r.head = buf, 0
}

// insert makes a place in front of the i-th oldest; a full ring gives up its
// oldest, which is why i is then not 0.
func (r *ring[T]) insert(i, limit int) *T {
	if r.n == limit {
		i--
	}
	r.push(limit)
	for j := r.n - 1; j > i; j-- {
		*r.at(j) = *r.at(j - 1)
	}
	return r.at(i)
}
