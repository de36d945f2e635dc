package splice

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// reader is a program for Node: of each line it inflates the payload with a
// window of so many bits, and says which is not the message.
const reader = `
const zlib = require('zlib')
const lines = require('fs').readFileSync(0, 'latin1').trim().split('\n')
lines.forEach((line, i) => {
  const [bits, payload, want] = line.split(' ')
  const input = Buffer.concat([Buffer.from(payload, 'hex'), Buffer.from('0000ffff', 'hex')])
  const options = { windowBits: Number(bits), finishFlush: zlib.constants.Z_SYNC_FLUSH }
  let got
  try { got = zlib.inflateRawSync(input, options).toString('hex') } catch (e) { got = String(e) }
  if (got !== want) { console.log('line ' + i + ', window bits ' + bits + ': got ' + got + ', want ' + want); process.exit(1) }
})
console.log(lines.length)
`

// TestNodeReadsFramesWithASmallWindow: zlib refuses what lies beyond its window,
// which Go's readers, with one of 32 KiB, do not notice.
func TestNodeReadsFramesWithASmallWindow(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		if strings.Contains(os.Getenv("TICKWIRE_REQUIRE"), "node") {
			t.Fatal("TICKWIRE_REQUIRE asks for node, and there is none")
		}
		t.Skip("no node here")
	}
	forKinds(t, func(t *testing.T, k *kind, table *Table) { testNode(t, node, k, table) })
}

func testNode(t *testing.T, node string, k *kind, table *Table) {
	r := rand.New(rand.NewPCG(11, 11))
	var input bytes.Buffer
	lines := 0
	add := func(head int, updates [][]byte) {
		payload := table.AppendFrame(nil, head, mustEncode(t, table, updates))
		for _, bits := range []int{9, 10} {
			fmt.Fprintf(&input, "%d %x %x\n", bits, payload, table.AppendRaw(nil, head, updates))
			lines++
		}
	}
	for _, n := range []int{1, 2, 3, 20, 200} {
		for i := range 400/n + 2 {
			add(i%2, k.drawn(table, r, n))
		}
		for _, updates := range k.frames(n, 5) {
			add(0, updates)
		}
	}
	longest := k.longest(t, table)
	add(1, [][]byte{longest, longest, longest}) // as far apart as can be

	command := exec.CommandContext(t.Context(), node, "-e", reader)
	command.Stdin = &input
	out, err := command.CombinedOutput()
	if got, want := strings.TrimSpace(string(out)), fmt.Sprint(lines); err != nil || got != want {
		t.Fatalf("node: %v, got %.2000s, want %s lines read", err, got, want)
	}
}
