package huffman

// The code of code lengths, RFC 1951, section 3.2.7.
const (
	repeat     = 16 // the length before, 3 to 6 times: 2 more bits
	fewZeros   = 17 // 3 to 10 times: 3 more bits
	manyZeros  = 18 // 11 to 138 times: 7 more bits
	alphabet   = 19
	lengthsMax = 7 // of the codes themselves
)

// order is how the lengths of the code of code lengths are sent.
var order = [alphabet]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

var extraBits = [alphabet]uint8{repeat: 2, fewZeros: 3, manyZeros: 7}

// run is one symbol of the code of code lengths and the number after it.
type run struct{ symbol, extra uint8 }

// Header is the start of a block with its own codes: BFINAL 0, BTYPE 10 and
// both code lengths (RFC 1951, sections 3.2.3 and 3.2.7).
func Header(literal, distance []uint8) Bits {
	var b Bits
	literal, distance = trim(literal, 257), trim(distance, 1)
	runs, lengths := shortest(literal, distance)
	last := lastSent(lengths)
	b.Add(0b100, 3)
	b.Add(uint64(len(literal)-257), 5)
	b.Add(uint64(len(distance)-1), 5)
	b.Add(uint64(last-4), 4)
	for _, symbol := range order[:last] {
		b.Add(uint64(lengths[symbol]), 3)
	}
	codes := Codes(lengths)
	for _, r := range runs {
		b.AddCode(codes[r.symbol])
		b.Add(uint64(r.extra), extraBits[r.symbol])
	}
	return b
}

// HeaderSize is the size of Header in bits.
func HeaderSize(literal, distance []uint8) int {
	runs, lengths := shortest(trim(literal, 257), trim(distance, 1))
	return 3 + 5 + 5 + 4 + 3*lastSent(lengths) + size(runs, lengths)
}

// shortest finds runs for the lengths and a code for the runs. Which runs are
// short depends on their code, and the code on the runs: it goes back and forth
// for as long as that helps.
func shortest(literal, distance []uint8) ([]run, []uint8) {
	all := append(append(make([]uint8, 0, 316), literal...), distance...)
	guess := make([]uint8, alphabet)
	for symbol := range guess {
		guess[symbol] = 4
	}
	runs := split(all, guess)
	lengths := runLengths(runs)
	for {
		again := split(all, lengths)
		better := runLengths(again)
		if size(again, better)+3*lastSent(better) >= size(runs, lengths)+3*lastSent(lengths) {
			return runs, lengths
		}
		runs, lengths = again, better
	}
}

// split writes lengths as runs, given what each symbol costs.
func split(lengths, cost []uint8) []run {
	runs := make([]run, 0, 96)
	for len(lengths) > 0 {
		value, n := lengths[0], 1
		for n < len(lengths) && lengths[n] == value {
			n++
		}
		if value == 0 {
			runs = zeros(runs, n)
		} else {
			runs = repeats(append(runs, run{symbol: value}), value, n-1, cost)
		}
		lengths = lengths[n:]
	}
	return runs
}

func zeros(runs []run, n int) []run {
	for ; n >= 11; n -= min(n, 138) {
		runs = append(runs, run{manyZeros, uint8(min(n, 138) - 11)})
	}
	if n >= 3 {
		return append(runs, run{fewZeros, uint8(n - 3)})
	}
	for range n {
		runs = append(runs, run{})
	}
	return runs
}

// repeats writes a length n more times, with as many repeats as is shortest.
func repeats(runs []run, value uint8, n int, cost []uint8) []run {
	k, _ := fewest(value, n, cost)
	for ; k > 0; k-- {
		times := min(6, n-3*(k-1))
		runs = append(runs, run{repeat, uint8(times - 3)})
		n -= times
	}
	for range n {
		runs = append(runs, run{symbol: value})
	}
	return runs
}

// fewest is how many repeats are best for a length n more times, and the bits.
func fewest(value uint8, n int, cost []uint8) (k, bits int) {
	single, several := price(value, cost), price(repeat, cost)
	bits = n * single
	for i := 1; 3*i <= n; i++ {
		if b := i*several + max(0, n-6*i)*single; b < bits {
			k, bits = i, b
		}
	}
	return k, bits
}

func price(symbol uint8, cost []uint8) int {
	if cost[symbol] == 0 {
		return lengthsMax + 1 // not in the code: it would have to be added
	}
	return int(cost[symbol] + extraBits[symbol])
}

// RunSize is the bits that n symbols in a row with codes of equal length take in
// a header whose code of code lengths is cost.
func RunSize(length uint8, n int, cost []uint8) int {
	_, bits := fewest(length, n-1, cost)
	return price(length, cost) + bits
}

// LengthCode is the code of code lengths that Header uses.
func LengthCode(literal, distance []uint8) []uint8 {
	_, lengths := shortest(trim(literal, 257), trim(distance, 1))
	return lengths
}

func runLengths(runs []run) []uint8 {
	counts := make([]int, alphabet)
	for _, r := range runs {
		counts[r.symbol]++
	}
	return Lengths(counts, lengthsMax)
}

func size(runs []run, lengths []uint8) int {
	total := 0
	for _, r := range runs {
		total += int(lengths[r.symbol] + extraBits[r.symbol])
	}
	return total
}

// lastSent is how many of order must be sent.
func lastSent(lengths []uint8) int {
	n := alphabet
	for n > 4 && lengths[order[n-1]] == 0 {
		n--
	}
	return n
}

// trim cuts off the zeros at the end, down to least lengths.
func trim(lengths []uint8, least int) []uint8 {
	for len(lengths) > least && lengths[len(lengths)-1] == 0 {
		lengths = lengths[:len(lengths)-1]
	}
	return lengths
}
