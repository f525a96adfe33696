package transfer

import (
	"sync"
	"time"
)

// socketState is what waits in a kept socket.
type socketState int

const (
	quietSocket socketState = iota
	readableSocket
	closedSocket
)

// lane is the place of one op in flight: its connection, kept between ops, and
// its block of memory.
type lane struct {
	busy  bool
	link  *link
	last  time.Time // end of the op before
	block []byte    // of blockSize at most, made when first needed
}

// memory is a block to read a body of n bytes with: all of it and one byte too
// many, or blockSize of it.
func (l *lane) memory(n int64) []byte {
	if want := int(min(n, blockSize-1)) + 1; len(l.block) < want {
		l.block = make([]byte, want)
	}
	return l.block
}

// drop ends the lane's connection, if it has one.
func (l *lane) drop() {
	if l.link != nil {
		l.link.close()
		l.link = nil
	}
}

// lanes are the lanes of a session: those of the slots in flight, and others
// for work that is not measured.
type lanes struct {
	mu     sync.Mutex
	slots  map[int]*lane
	spare  []*lane
	closed bool
}

// slot takes the lane of a slot. A slot that is in use already (its number was
// handed out twice) gets a spare lane rather than a broken connection.
func (ls *lanes) slot(n int) *lane {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l := ls.slots[n]
	if l == nil {
		l = &lane{}
		if ls.slots == nil {
			ls.slots = make(map[int]*lane)
		}
		ls.slots[n] = l
	}
	if l.busy {
		return ls.take()
	}
	l.busy = true
	return l
}

// side takes a lane for work that is not measured.
func (ls *lanes) side() *lane {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	return ls.take()
}

func (ls *lanes) take() *lane {
	for _, l := range ls.spare {
		if !l.busy {
			l.busy = true
			return l
		}
	}
	l := &lane{busy: true}
	ls.spare = append(ls.spare, l)
	return l
}

// give returns a lane; after close its connection ends with that.
func (ls *lanes) give(l *lane) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l.busy = false
	if ls.closed {
		l.drop()
	}
}

// close ends every connection that no op is using, and those when it is done.
func (ls *lanes) close() {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.closed = true
	for _, l := range ls.slots {
		ls.end(l)
	}
	for _, l := range ls.spare {
		ls.end(l)
	}
}

func (ls *lanes) end(l *lane) {
	if !l.busy {
		l.drop()
	}
}
