package transfer

import (
	"bufio"
	"net"
	"sync"

	"loadline/probes/internal/netpath"
)

// batch is a socket below TLS or HTTP/2 frames that is read, and on demand
// written, in blocks: the layers above do so in records of 16 KiB, at a system
// call or two each.
type batch struct {
	*netpath.Conn
	br *bufio.Reader

	mu      sync.Mutex // TLS may answer the peer while a block is written
	holding bool
	held    []byte
}

func newBatch(c *netpath.Conn) *batch {
	return &batch{Conn: c, br: bufio.NewReaderSize(c, blockSize)}
}

// NetConn is the layer below, as *tls.Conn has it.
func (b *batch) NetConn() net.Conn { return b.Conn }

func (b *batch) Read(p []byte) (int, error) { return b.br.Read(p) }

func (b *batch) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.holding {
		return b.Conn.Write(p)
	}
	b.held = append(b.held, p...)
	return len(p), nil
}

// writeBlock writes through the layer above and flushes what that makes of it
// at once. It returns how much of the block went out, as near as the layer
// between lets it be known.
func (b *batch) writeBlock(above net.Conn, block []byte) (int, error) {
	b.mu.Lock()
	b.holding, b.held = true, b.held[:0]
	b.mu.Unlock()
	n, err := above.Write(block)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.holding = false
	if err != nil || len(b.held) == 0 {
		return n, err
	}
	out, err := b.Conn.Write(b.held)
	if err != nil {
		return int(int64(n) * int64(out) / int64(len(b.held))), err
	}
	return n, nil
}
