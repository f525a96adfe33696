package origin

import "sync"

// table is what the origin remembers by name. An entry outlives its object:
// the receipts of a deleted body are still evidence.
type table struct {
	mu      sync.Mutex
	entries map[string]*entry
	stored  int64 // puts so far; orders the objects
}

type entry struct {
	current  *content // nil: nothing stored now
	previous *content // the generation before, kept for stale answers
	gen      int64
	seq      int64
	received int64
	receipts int64
	refused  int64
}

func (t *table) entry(name string) *entry {
	e := t.entries[name]
	if e == nil {
		e = &entry{}
		t.entries[name] = e
	}
	return e
}

// receive counts a body that arrived whole, whatever becomes of it.
func (t *table) receive(name string, refused bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entry(name)
	e.received++
	if refused {
		e.refused++
	}
}

// put makes c the current body of name and counts it stored the given number
// of times. It takes over the caller's reference.
func (t *table) put(name string, c *content, times int64) (gen int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entry(name)
	e.previous.release()
	e.previous, e.current = e.current, c
	t.stored++
	e.gen++
	e.seq = t.stored
	e.receipts += times
	return e.gen
}

// get is the current body of name with a reference for the caller.
func (t *table) get(name string) (c *content, gen int64, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[name]
	if e == nil || e.current == nil {
		return nil, 0, false
	}
	return e.current.acquire(), e.gen, true
}

// stale is the body that name had before its present one.
func (t *table) stale(name string) (*content, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[name]
	if e == nil || e.previous == nil {
		return nil, false
	}
	return e.previous.acquire(), true
}

// sibling is the entry of the same size as name's that was stored last.
func (t *table) sibling(name string) *entry {
	self := t.entries[name]
	if self == nil || self.current == nil {
		return nil
	}
	var best *entry
	for n, e := range t.entries {
		if n == name || e.current == nil || e.current.size != self.current.size {
			continue
		}
		if best == nil || e.seq > best.seq {
			best = e
		}
	}
	return best
}

// borrow is the body of name's sibling.
func (t *table) borrow(name string) (*content, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.sibling(name); e != nil {
		return e.current.acquire(), true
	}
	return nil, false
}

// swap exchanges the bodies of name and its sibling.
func (t *table) swap(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.sibling(name); e != nil {
		self := t.entries[name]
		self.current, e.current = e.current, self.current
	}
}

// remove forgets the bodies of name, not its receipts.
func (t *table) remove(name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[name]
	if e == nil || e.current == nil {
		return false
	}
	e.current.release()
	e.previous.release()
	e.current, e.previous = nil, nil
	return true
}

// ObjectStats is what the origin witnessed of one name.
type ObjectStats struct {
	Name     string `json:"name"`
	Receipts int64  `json:"receipts"` // times a body was stored under this name
	Received int64  `json:"received"` // times a body arrived whole
	Refused  int64  `json:"refused"`  // of those, times the answer was a refusal
	Stored   bool   `json:"stored"`   // whether a body is stored now
	Size     int64  `json:"size"`     // of the body stored now, in bytes
	SHA256   string `json:"sha256,omitempty"`
}

// stats reads one name. A name never seen has zero receipts: that is an answer
// too, and the one which a lost upload gets.
func (t *table) stats(name string) ObjectStats {
	t.mu.Lock()
	s := ObjectStats{Name: name}
	var c *content
	if e := t.entries[name]; e != nil {
		s = e.stats(name)
		if e.current != nil {
			c = e.current.acquire()
		}
	}
	t.mu.Unlock()
	if c != nil {
		s.SHA256 = c.digest()
		c.release()
	}
	return s
}

func (e *entry) stats(name string) ObjectStats {
	s := ObjectStats{Name: name, Receipts: e.receipts, Received: e.received, Refused: e.refused, Stored: e.current != nil}
	if e.current != nil {
		s.Size = e.current.size
	}
	return s
}

// each calls f for every name, in no order, without digests.
func (t *table) each(f func(ObjectStats)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, e := range t.entries {
		f(e.stats(name))
	}
}

func (t *table) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.entries {
		e.current.release()
		e.previous.release()
	}
	clear(t.entries)
}
