package storm

import "strings"

// placeholder stands for the op's name in paths and headers, sizeholder for its
// size in bytes.
const (
	placeholder = "{name}"
	sizeholder  = "{size}"
)

// insert is what of an op follows a piece of text.
type insert uint8

const (
	nothing insert = iota
	theName
	theID // its half of the trace id
)

// piece is a text that is the same for every op, and what follows it.
type piece struct {
	fixed string
	then  insert
}

// text is the template of a path or a header: all but what is an op's own is
// put together beforehand.
type text []piece

// fixed is a text without anything of the op's own.
func fixed(s string) text { return text{{s, nothing}} }

// named is a text in which the op's name may stand.
func named(s string) text {
	var t text
	for {
		before, after, found := strings.Cut(s, placeholder)
		if !found {
			return append(t, piece{before, nothing})
		}
		t = append(t, piece{before, theName})
		s = after
	}
}

// appendTo appends the text for an op.
func (t text) appendTo(b []byte, name string, id *opID) []byte {
	for i := range t {
		b = append(b, t[i].fixed...)
		switch t[i].then {
		case theName:
			b = append(b, name...)
		case theID:
			b = append(b, id[:]...)
		}
	}
	return b
}

// with is the text for an op.
func (t text) with(name string, id *opID) string {
	if len(t) == 1 && t[0].then == nothing {
		return t[0].fixed
	}
	return string(t.appendTo(nil, name, id))
}

// join puts texts together, neighbours that are the same for every op in one
// piece.
func join(parts ...text) text {
	var t text
	for _, part := range parts {
		for _, p := range part {
			if n := len(t); n > 0 && t[n-1].then == nothing {
				t[n-1] = piece{t[n-1].fixed + p.fixed, p.then}
			} else {
				t = append(t, p)
			}
		}
	}
	return t
}
