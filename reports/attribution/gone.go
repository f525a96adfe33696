package attribution

import (
	"fmt"
	"strings"

	"loadline/probes"
	"loadline/probes/record"
)

// nobodyListens is how the probe words that the target's host answered and its
// port is closed.
const nobodyListens = "connection refused"

func portClosed(f record.Failure) bool {
	return f.Outcome == probes.Refused && strings.Contains(f.Message, nobodyListens)
}

// gone recognises a port that is closed from some trial of the arm to the end
// of the run: what listened there ended and did not come back.
func gone(v view) []clue {
	trials := v.trialsInOrder()
	from := len(trials)
	for from > 0 && closedThroughout(trials[from-1]) {
		from--
	}
	if from == 0 || from == len(trials) {
		return nil // never open, or not closed at the end
	}
	var well, refused uint64
	for _, t := range trials[:from] {
		well += t.Ops[probes.OK]
	}
	message := ""
	for _, t := range trials[from:] {
		refused += t.Ops[probes.Refused]
		for _, f := range t.Failures {
			if message == "" && portClosed(f) {
				message = f.Message
			}
		}
	}
	for _, s := range v.scenes {
		if len(s.ref.failures(portClosed)) > 0 {
			return nil
		}
	}
	if well == 0 || refused < leastRefused {
		return nil
	}
	block := trials[from].Block + 1
	return []clue{{aboutFailure, named, fmt.Sprintf("nobody listens any more from block %d on", block),
		fmt.Sprintf("%d ops went well until then, and from block %d on all %d were refused, to the end of the run: %s", well, block, refused, message)}}
}

// leastRefused is how many ops it takes to tell a port that is closed from one
// that was closed when an op came.
const leastRefused = 3

// trialsInOrder are the accused arm's trials in the order in which they ran.
func (v view) trialsInOrder() []record.Trial {
	var out []record.Trial
	for _, t := range v.run.Trials {
		if t.Arm == v.arm {
			out = append(out, t)
		}
	}
	return out
}

// closedThroughout reports whether all that a trial tried met a closed port.
func closedThroughout(t record.Trial) bool {
	all := side{ops: t.Ops}
	if t.Ops[probes.Refused] == 0 || t.Ops[probes.OK] > 0 || all.failed() > t.Ops[probes.Refused] {
		return false
	}
	for _, f := range t.Failures {
		if !portClosed(f) {
			return false
		}
	}
	return true
}
