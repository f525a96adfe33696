package record

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"loadline/probes"
)

// BenchmarkCollector folds the observations of a storm from as many goroutines
// as there are slots; ns/op is what one observation costs the generator.
func BenchmarkCollector(b *testing.B) {
	b.ReportAllocs()
	c := NewCollector(TrialHead{}, CollectorOptions{Length: time.Minute})
	var slots atomic.Int64
	b.SetParallelism(max(64/runtime.GOMAXPROCS(0), 1))
	b.RunParallel(func(pb *testing.PB) {
		slot := int(slots.Add(1))
		o := op(0, time.Second, time.Millisecond)
		o.Socket.Conn, o.Socket.Reused, o.Socket.RTT = 1, true, 50*time.Microsecond
		for i := uint64(0); pb.Next(); i++ {
			at := time.Duration(i) * 100 * time.Microsecond
			took := 500*time.Microsecond + time.Duration(i%4096)*time.Microsecond
			o.Seq = i
			o.Due, o.Start, o.FirstByte, o.End = probes.MarkAt(at), probes.MarkAt(at), probes.MarkAt(at+took/2), probes.MarkAt(at+took)
			o.Phases.Wait, o.Phases.Receive = took/2, took/2
			c.Add(slot, o)
		}
	})
}
