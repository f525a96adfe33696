package selftest

import (
	"embed"
	"time"

	"loadline/scenarios/metric"
)

//go:embed scenarios/*.yaml
var sources embed.FS

// Cases are all faults that are planted. The first is the positive control of
// the judge: a slowdown by just the margin. Over the path of a timed case one
// upload of 1 MiB takes 141 ms around, and 176 ms through that balancer.
var Cases = []Case{
	{Name: "throttle", Plants: "uploads are slower by the margin, 25 %", Scenario: "throttle", Timed: true,
		At: Balancer, Fault: "rate on=upload rate=6300kB/s", By: metric.Goodput},
	{Name: "crawl", Plants: "uploads are slower by a factor of 180", Scenario: "throttle", Timed: true,
		At: Balancer, Fault: "rate on=upload rate=44kB/s", By: metric.Goodput},
	{Name: "freeze", Plants: "the balancer stands still for a second", Scenario: "freeze", Timed: true,
		At: Balancer, Freeze: time.Second, By: metric.Response, Says: "stands still"},

	{Name: "loss", Plants: "an upload is acknowledged and not stored", Scenario: "upload",
		At: Balancer, Fault: "lose on=upload every=2", By: metric.IntegrityLost, Says: "acknowledged and not stored"},
	{Name: "early-answer", Plants: "an upload is acknowledged after its first bytes, and dropped", Scenario: "upload",
		At: Balancer, Fault: "early on=upload every=2 at=16KiB", By: metric.IntegrityLost, Says: "acknowledged and not stored"},
	{Name: "refused-but-stored", Plants: "an upload is refused with 503 and stored all the same", Scenario: "upload",
		At: Balancer, Fault: "refuse on=upload every=2 status=503 store=true", By: metric.Errors, Says: "stored all the same"},
	{Name: "corrupt-upload", Plants: "one bit of an upload is flipped on its way to the store", Scenario: "upload",
		At: Balancer, Fault: "corrupt on=upload every=2 at=70000", By: metric.IntegrityCorrupt, Says: "stored with wrong bytes"},
	{Name: "truncated-upload", Plants: "the last bytes of an upload are not stored", Scenario: "upload",
		At: Balancer, Fault: "truncate on=upload every=2 size=1KiB", By: metric.IntegrityCorrupt, Says: "stored with wrong bytes"},
	{Name: "duplicate", Plants: "an upload is stored twice", Scenario: "upload",
		At: Balancer, Fault: "duplicate on=upload every=2", By: metric.IntegrityDuplicate, Says: "stored more than once"},
	{Name: "reset", Plants: "the connection is reset in the middle of an upload", Scenario: "upload",
		At: Balancer, Fault: "reset on=upload every=2 at=32KiB", By: metric.Errors, Says: "reset"},
	{Name: "no-answer", Plants: "an upload is taken whole and never answered", Scenario: "upload",
		At: Balancer, Fault: "silent on=upload every=2", By: metric.Errors, Says: "timeout"},

	{Name: "corrupt-download", Plants: "one bit of a download is flipped", Scenario: "download",
		At: Balancer, Fault: "corrupt on=download every=2 at=70000", By: metric.IntegrityCorrupt, Says: "wrong bytes"},
	{Name: "zero-tail", Plants: "the last 4 KiB of a download are zeros", Scenario: "download",
		At: Balancer, Fault: "zero-tail on=download every=2 size=4KiB", By: metric.IntegrityCorrupt, Says: "wrong bytes"},
	{Name: "truncated-download", Plants: "a download ends early and looks complete", Scenario: "download",
		At: Balancer, Fault: "truncate on=download every=2 size=1KiB", By: metric.IntegrityShort, Says: "truncated under status 200"},
	{Name: "swap", Plants: "a download delivers another object of the same size", Scenario: "download",
		At: Backend, Fault: "swap on=download every=2", By: metric.IntegrityCorrupt, Says: "other objects"},
	{Name: "stale", Plants: "a download delivers the release before the last", Scenario: "published",
		At: Backend, Fault: "stale on=download every=2", By: metric.IntegrityCorrupt, Says: "wrong bytes"},
	{Name: "stall", Plants: "a download stops in the middle and the connection stays open", Scenario: "download",
		At: Balancer, Fault: "stall on=download every=2 at=32KiB", By: metric.Errors, Says: "stalled"},
}
