package main

import (
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"loadline/infra/lab/origin"
)

// badDay is something that goes wrong, and how loadline must end: with the
// documented exit code, a sentence that names the cause, in time, and with a
// record that opens.
type badDay struct {
	name  string
	files origin.Options
	fault string   // of the balancer
	sets  []string // overrides of quick.yaml
	// prepare may change the environment.
	prepare func(t *testing.T, env map[string]string)
	code    int
	// says is in what a person reads first: the sentence, the reason of a
	// finding, where the harm is, or stderr. The command line, which the report
	// repeats, holds many of the words.
	says string
	// within is the limit; 20 s if zero.
	within time.Duration
}

// noName is a name that no resolver is asked about, because it cannot exist.
var noName = "https://" + strings.Repeat("a", 64) + ".test"

var (
	reference = "arms.around.target.url="
	candidate = "arms.through.target.url="
)

var badDays = []badDay{
	{name: "the reference's name does not resolve", sets: []string{reference + noName}, code: 21, says: "`around`.*the name did not resolve"},
	{name: "the candidate's name does not resolve", sets: []string{candidate + noName}, code: 10, says: "`through`.*the name did not resolve"},
	{name: "the reference refuses connections", sets: []string{reference + "https://127.0.0.1:1"}, code: 21, says: "`around`.*connection refused"},
	{name: "the candidate refuses connections", sets: []string{candidate + "https://127.0.0.1:1"}, code: 10, says: "`through`.*connection refused: nothing listens there"},

	{name: "the reference's certificate is of nobody we know", sets: []string{"arms.around.target.tls.ca="}, code: 21, says: "`around`.*certificate"},
	{name: "the candidate's certificate is of nobody we know", sets: []string{"arms.through.target.tls.ca="}, code: 10, says: "`through`.*certificate"},
	{name: "the candidate's certificate is for another name", sets: []string{"arms.through.target.tls.server_name=other.test"}, code: 10, says: "`through`.*certificate.*other.test"},

	{name: "the balancer finds bodies too large", fault: "refuse on=upload status=413", code: 10, says: "`through`.*status 413"},
	{name: "the balancer wants credentials", fault: "refuse on=upload status=401", code: 10, says: "`through`.*status 401"},
	{name: "everybody wants credentials", files: origin.Options{Auth: origin.Auth{Token: "right"}}, code: 21, says: "`around`.*status 401"},
	{name: "a redirect", fault: "redirect on=upload", code: 10, says: "answered 307 .*redirects: 1 follows it"},
	{name: "a redirect loop", fault: "redirect on=upload", sets: []string{"work.redirects=3"}, code: 10, says: "redirects end after 3: answered 307"},

	{name: "the balancer never answers", fault: "silent on=upload", sets: []string{"work.answer_after=500ms"}, code: 10, says: "`through`.*no answer in time"},
	{name: "the balancer resets connections", fault: "reset on=upload at=16KiB", code: 10, says: "`through`.*(reset|broke)"},
	{name: "the balancer closes connections", fault: "cut on=upload at=16KiB", code: 10, says: "`through`.*(reset|broke)"},
	{name: "the balancer stops reading", fault: "stall on=upload at=16KiB", sets: []string{"work.size=4MiB", "work.stall_after=500ms"}, code: 10, says: "`through`.*(no byte moved|no answer in time)"},
	{name: "the balancer answers early and keeps reading", fault: "early on=upload at=16KiB", code: 10, says: "`through`.*lost"},
	{name: "the balancer reads 2 kB a second", fault: "rate on=upload rate=2kB/s", code: 10, says: "`through`.*(slower|no answer in time|no byte moved)"},

	{name: "the reference takes connections and says nothing", prepare: mute("AROUND"), sets: []string{"work.stall_after=500ms", "work.answer_after=500ms"}, code: 21, says: "`around` could not be measured"},
	{name: "the candidate takes connections and says nothing", prepare: mute("THROUGH"), sets: []string{"work.stall_after=500ms", "work.answer_after=500ms"}, code: 10, says: "`through`"},
	{name: "both take connections and say nothing", prepare: muteBoth, sets: []string{"design.max_duration=4s"}, code: 21, says: "`around`", within: 4*time.Second + 10*time.Second + 10*time.Second},

	{name: "the ceiling of requests is reached", sets: []string{"limits.requests=30"}, code: 11, says: `INCONCLUSIVE: the limit of 30 requests \(limits\.requests\) was reached in block \d of 7`},
	{name: "the ceiling of bytes is reached", sets: []string{"limits.bytes=2MiB"}, code: 11, says: `INCONCLUSIVE: the limit of 2MiB \(limits\.bytes\) was reached in block \d of 7`},
	{name: "the ceiling of requests is reached in a warm-up", sets: []string{"limits.requests=3", "load.warmup=1s"}, code: 11, says: `INCONCLUSIVE: the limit of 3 requests \(limits\.requests\) was reached before the first trial`},
	{name: "the ceiling of bytes is reached in a warm-up", sets: []string{"limits.bytes=200KiB", "load.warmup=1s"}, code: 11, says: `INCONCLUSIVE: the limit of 200KiB \(limits\.bytes\) was reached before the first trial`},
	{name: "the time is over", fault: "slow on=upload delay=1500ms", sets: []string{"design.max_duration=4s", "criteria.0.margin=400%"}, code: 11, says: `INCONCLUSIVE: the limit of 4s \(design\.max_duration\) was reached in block \d of 7`},
}

func TestBadDays(t *testing.T) {
	for _, day := range badDays {
		t.Run(day.name, func(t *testing.T) {
			t.Parallel()
			day.play(t)
		})
	}
}

func (day badDay) play(t *testing.T) {
	dir := quick(t)
	var faults []string
	if day.fault != "" {
		faults = append(faults, day.fault)
	}
	x := newTarget(t, dir, day.files, faults...)
	if day.prepare != nil {
		day.prepare(t, x.env)
	}
	if day.within == 0 {
		day.within = 20 * time.Second
	}
	args := []string{"run", "quick.yaml", "--out", "runs"}
	for _, set := range day.sets {
		args = append(args, "--set", set)
	}
	e := loadline(t, dir, x.env, 2*day.within, args...)
	if e.code != day.code {
		t.Errorf("exit code %d, want %d", e.code, day.code)
	}
	read, _, _ := strings.Cut(e.stdout, "\nReproduce:")
	if !regexp.MustCompile(day.says).MatchString(read + e.stderr) {
		t.Errorf("nothing says %q", day.says)
	}
	if e.took > day.within {
		t.Errorf("it took %v, more than %v", e.took, day.within)
	}
	if t.Failed() {
		t.Logf("stdout:\n%s\nstderr:\n%s", e.stdout, e.stderr)
	}
	path, run := theRun(t, filepath.Join(dir, "runs"))
	if run.End == nil {
		t.Error("the record has no end")
	}
	if again := loadline(t, dir, x.env, day.within, "report", path); again.code != e.code {
		t.Errorf("the stored run ends with %d, the run ended with %d:\n%s", again.code, e.code, again.stdout)
	}
	if n := x.stored(); n > 0 {
		t.Errorf("%d objects were left on the target", n)
	}
}

// mute replaces an arm's address by one that takes connections and never says
// a word.
func mute(name string) func(*testing.T, map[string]string) {
	return func(t *testing.T, env map[string]string) {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { ln.Close() })
		env[name] = "https://" + ln.Addr().String()
	}
}

func muteBoth(t *testing.T, env map[string]string) {
	mute("AROUND")(t, env)
	mute("THROUGH")(t, env)
}
