package record

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"loadline/scenarios/unit"
)

// connColumns is a series as it is kept: a column for each figure, as long as
// there are points, or missing where all are 0. Names say the unit where it is
// not bytes, segments or a share.
type connColumns struct {
	Conn        uint64    `json:"conn"`
	Congestion  string    `json:"congestion,omitempty"`
	At          []int64   `json:"at_us"`
	Span        []int64   `json:"span_us,omitempty"`
	Acked       []int64   `json:"acked,omitempty"`
	Received    []int64   `json:"received,omitempty"`
	Retrans     []int64   `json:"retrans,omitempty"`
	RTT         []int64   `json:"rtt_us,omitempty"`
	MinRTT      []int64   `json:"min_rtt_us,omitempty"`
	Delivery    []int64   `json:"delivery_bps,omitempty"` // bytes per second
	Cwnd        []int64   `json:"cwnd,omitempty"`
	Busy        []int64   `json:"busy_us,omitempty"`
	RwndLimit   []int64   `json:"rwnd_limit_us,omitempty"`
	SndbufLimit []int64   `json:"sndbuf_limit_us,omitempty"`
	WindowFill  []float64 `json:"window_fill,omitempty"`
	SndbufBound []float64 `json:"sndbuf_bound,omitempty"`
}

// MarshalJSON writes columns, rounded to microseconds and thousandths.
func (s ConnSeries) MarshalJSON() ([]byte, error) {
	micro := func(of func(ConnPoint) time.Duration) []int64 {
		return column(s.Points, func(p ConnPoint) int64 { return of(p).Microseconds() })
	}
	at := make([]int64, len(s.Points))
	for i, p := range s.Points {
		at[i] = p.At.Microseconds()
	}
	return json.Marshal(connColumns{
		Conn: s.Conn, Congestion: s.Congestion, At: at,
		Span:        micro(func(p ConnPoint) time.Duration { return p.Span }),
		Acked:       column(s.Points, func(p ConnPoint) int64 { return int64(p.Acked) }),
		Received:    column(s.Points, func(p ConnPoint) int64 { return int64(p.Received) }),
		Retrans:     column(s.Points, func(p ConnPoint) int64 { return int64(p.Retrans) }),
		RTT:         micro(func(p ConnPoint) time.Duration { return p.RTT }),
		MinRTT:      micro(func(p ConnPoint) time.Duration { return p.MinRTT }),
		Delivery:    column(s.Points, func(p ConnPoint) int64 { return int64(p.Delivery) }),
		Cwnd:        column(s.Points, func(p ConnPoint) int64 { return int64(math.Round(p.Cwnd)) }),
		Busy:        micro(func(p ConnPoint) time.Duration { return p.Busy }),
		RwndLimit:   micro(func(p ConnPoint) time.Duration { return p.RwndLimit }),
		SndbufLimit: micro(func(p ConnPoint) time.Duration { return p.SndbufLimit }),
		WindowFill:  column(s.Points, func(p ConnPoint) float64 { return thousandths(p.WindowFill) }),
		SndbufBound: column(s.Points, func(p ConnPoint) float64 { return thousandths(p.SndbufBound) }),
	})
}

func thousandths(x float64) float64 { return math.Round(known(x)*1000) / 1000 }

// column is one figure of every point, nil if it is 0 in all.
func column[T int64 | float64](points []ConnPoint, of func(ConnPoint) T) []T {
	out, some := make([]T, len(points)), false
	for i, p := range points {
		out[i] = of(p)
		some = some || out[i] != 0
	}
	if !some {
		return nil
	}
	return out
}

// UnmarshalJSON reads what MarshalJSON wrote; columns that it does not find
// are 0, and columns of different lengths are refused.
func (s *ConnSeries) UnmarshalJSON(b []byte) error {
	var c connColumns
	if err := json.Unmarshal(b, &c); err != nil {
		return err
	}
	n := len(c.At)
	for _, have := range []int{
		len(c.Span), len(c.Acked), len(c.Received), len(c.Retrans), len(c.RTT), len(c.MinRTT), len(c.Delivery),
		len(c.Cwnd), len(c.Busy), len(c.RwndLimit), len(c.SndbufLimit), len(c.WindowFill), len(c.SndbufBound),
	} {
		if have != 0 && have != n {
			return fmt.Errorf("connection %d: a column of %d values beside %d intervals", c.Conn, have, n)
		}
	}
	*s = ConnSeries{Conn: c.Conn, Congestion: c.Congestion, Points: make([]ConnPoint, n)}
	micro := func(column []int64, i int) time.Duration { return time.Duration(cell(column, i)) * time.Microsecond }
	for i := range s.Points {
		s.Points[i] = ConnPoint{
			At: micro(c.At, i), Span: micro(c.Span, i),
			Acked: unit.Bytes(cell(c.Acked, i)), Received: unit.Bytes(cell(c.Received, i)), Retrans: uint64(cell(c.Retrans, i)),
			RTT: micro(c.RTT, i), MinRTT: micro(c.MinRTT, i), Delivery: unit.BytesPerSecond(cell(c.Delivery, i)), Cwnd: float64(cell(c.Cwnd, i)),
			Busy: micro(c.Busy, i), RwndLimit: micro(c.RwndLimit, i), SndbufLimit: micro(c.SndbufLimit, i),
			WindowFill: cell(c.WindowFill, i), SndbufBound: cell(c.SndbufBound, i),
		}
	}
	return nil
}

func cell[T int64 | float64](column []T, i int) T {
	if len(column) == 0 {
		return 0
	}
	return column[i]
}
