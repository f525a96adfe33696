package scenarios

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"loadline/scenarios/unit"
)

// CellAxes are the axes whose combinations are cells. An empty axis has the
// single value that work, target or load names.
type CellAxes struct {
	Sizes    []unit.Bytes `json:"sizes,omitempty" key:"sizes" min:"1" max:"32" doc:"sizes of the object"`
	HTTP     []Protocol   `json:"http,omitempty" key:"http" min:"1" max:"4" doc:"HTTP versions: auto, 1.1, 2, h2c"`
	InFlight []int        `json:"in_flight,omitempty" key:"in_flight" min:"1" max:"32" doc:"numbers of ops in flight"`
}

// cells checks the axes: values distinct and possible on every arm.
func (c *checker) cells() {
	axes, at := c.s.Cells, c.cellsNode()
	distinct(c, at.At("sizes"), axes.Sizes)
	distinct(c, at.At("http"), axes.HTTP)
	distinct(c, at.At("in_flight"), axes.InFlight)
	for _, n := range axes.InFlight {
		if n < 1 {
			c.refuse(at.At("in_flight"), fmt.Sprintf("%d is less than 1", n), "write numbers of 1 or more")
		}
	}
	if at := c.root.Child("load").Child("in_flight"); len(axes.InFlight) > 0 && !at.Absent() {
		c.refuse(at, "in_flight is also an axis of the cells", "write it in one of the two places")
	}
	for i, arm := range c.s.Arms {
		u, err := url.Parse(arm.Target.URL)
		if err != nil || len(axes.HTTP) == 0 {
			continue
		}
		if own := c.root.Child("arms").Items()[i].Child("target").Child("http"); !own.Absent() {
			c.refuse(own, "http is also an axis of the cells", "write it in one of the two places")
		}
		for _, p := range axes.HTTP {
			c.protocol(at.At("http"), p, map[string]security{"http": plainHTTP, "https": overTLS}[u.Scheme])
		}
	}
	if n := axes.Count(); n > maxCells {
		c.refuse(at, fmt.Sprintf("%d cells are too many", n), fmt.Sprintf("write %d at most, or several scenarios", maxCells))
	}
}

// maxCells bounds the product of the axes.
const maxCells = 200

func distinct[T comparable](c *checker, at Node, values []T) {
	seen := map[T]bool{}
	for _, v := range values {
		if seen[v] {
			c.refuse(at, fmt.Sprintf("%v is listed twice", v), "")
		}
		seen[v] = true
	}
}

// Count is the number of cells: the product of the axes.
func (a CellAxes) Count() int {
	return max(1, len(a.Sizes)) * max(1, len(a.HTTP)) * max(1, len(a.InFlight))
}

// IDs are the ids of the cells, sizes outermost. An id holds the values of the
// axes that vary, such as "100MiB h2 x4"; a single cell is "all".
func (a CellAxes) IDs() []string {
	ids := make([]string, 0, a.Count())
	a.Each(func(id string, _ unit.Bytes, _ Protocol, _ int) { ids = append(ids, id) })
	return ids
}

// Each calls f with every cell in order; the value of an empty axis is zero.
func (a CellAxes) Each(f func(id string, size unit.Bytes, http Protocol, inFlight int)) {
	for _, size := range orZero(a.Sizes) {
		for _, http := range orZero(a.HTTP) {
			for _, n := range orZero(a.InFlight) {
				var parts []string
				if len(a.Sizes) > 1 {
					text, _ := size.MarshalText()
					parts = append(parts, string(text))
				}
				if len(a.HTTP) > 1 {
					parts = append(parts, http.Label())
				}
				if len(a.InFlight) > 1 {
					parts = append(parts, "x"+strconv.Itoa(n))
				}
				if len(parts) == 0 {
					parts = []string{"all"}
				}
				f(strings.Join(parts, " "), size, http, n)
			}
		}
	}
}

func orZero[T any](values []T) []T {
	if len(values) == 0 {
		return make([]T, 1)
	}
	return values
}

// Label is the protocol in a cell id: h1.1, h2, h2c or auto.
func (p Protocol) Label() string {
	if p == HTTP1 || p == HTTP2 {
		return "h" + string(p)
	}
	return string(p)
}
