package metric

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"loadline/scenarios/unit"
	"loadline/scenarios/words"
)

var (
	overTime = []Stat{Mean}
	overOps  = []Stat{Mean, P50, P90, P95, P99, P999, Max}
	tallied  = []Stat{StatCount, StatRate}
)

// Catalogue is every metric, in the order in which reports list them.
var Catalogue = []Metric{
	{Goodput, BytesPerSecond, Higher, OverTime, overTime, "verified useful bytes per second, failures excluded"},
	{Rate, PerSecond, Higher, OverTime, overTime, "ops that succeeded per second"},
	{IOPS, PerSecond, Higher, OverTime, overTime, "storage operations per second"},
	{Response, Seconds, Lower, OverOps, overOps, "from when the schedule wanted an op to start until its end"},
	{Service, Seconds, Lower, OverOps, overOps, "from the start of an op until its end"},
	{TTFB, Seconds, Lower, OverOps, overOps, "from the start of an op until the answer's first byte"},
	{TTLB, Seconds, Lower, OverOps, overOps, "from the start of an op until the answer's last byte"},
	{Connect, Seconds, Lower, OverOps, overOps, "time to connect"},
	{TLS, Seconds, Lower, OverOps, overOps, "time of the TLS handshake"},
	{StallTime, Seconds, Lower, OverOps, overOps, "time of an op in gaps without a byte moved"},
	{Fsync, Seconds, Lower, OverOps, overOps, "time until written data is on stable storage"},
	{KafkaAck, Seconds, Lower, OverOps, overOps, "from when a record was due until the broker acknowledged it"},
	{KafkaE2E, Seconds, Lower, OverOps, overOps, "from when a record was due until it was consumed"},
	{Errors, Share, Lower, ShareOfOps, []Stat{StatRate, StatCount}, "ops that ended in anything but success"},
	{IntegrityLost, Count, Lower, Tally, tallied, "acknowledged, and stored nowhere"},
	{IntegrityCorrupt, Count, Lower, Tally, tallied, "acknowledged or delivered with wrong bytes"},
	{IntegrityShort, Count, Lower, Tally, tallied, "delivered with bytes missing"},
	{IntegrityDuplicate, Count, Lower, Tally, tallied, "sent once and stored more than once"},
	{BacklogDepth, Count, Lower, OverOps, overOps, "items that wait"},
	{BacklogOldestAge, Seconds, Lower, OverOps, overOps, "age of the oldest item that waits"},
	{BacklogCompletions, PerSecond, Higher, OverTime, overTime, "items completed per second"},
}

// Lookup is the row of an id.
func Lookup(id ID) (Metric, bool) {
	for _, m := range Catalogue {
		if m.ID == id {
			return m, true
		}
	}
	return Metric{}, false
}

// Words are all ids.
func (ID) Words() []string {
	ids := make([]string, len(Catalogue))
	for i, m := range Catalogue {
		ids[i] = string(m.ID)
	}
	return ids
}

// Nearest is the id that was probably meant by a word that is none.
func Nearest(word string) (ID, bool) {
	id, ok := words.Nearest(word, ID("").Words())
	return ID(id), ok
}

// Parse reads a limit of the statistic as it is written in a scenario, such as
// 0%, 3 or 250ms, into the base unit. The error is a *unit.Error.
func (m Metric) Parse(s Stat, text string) (float64, error) {
	switch m.UnitOf(s) {
	case Seconds:
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return 0, &unit.Error{What: fmt.Sprintf("%q is not a duration", text), Hint: "write a duration such as 250ms or 2s"}
		}
		return d.Seconds(), nil
	case Share:
		r, err := unit.ParseRatio(text)
		if err == nil && r > 1 {
			return 0, &unit.Error{What: fmt.Sprintf("%s is more than all", text), Hint: "write a share of 100% or less"}
		}
		return float64(r), err
	case BytesPerSecond:
		r, err := unit.ParseBytesPerSecond(text)
		return float64(r), err
	case PerSecond:
		r, err := unit.ParsePerSecond(text)
		return float64(r), err
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f < 0 || f != math.Trunc(f) || math.IsInf(f, 0) {
		return 0, &unit.Error{What: fmt.Sprintf("%q is not a count", text), Hint: "write a whole number such as 0"}
	}
	return f, nil
}
