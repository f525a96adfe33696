package ledger

import (
	"fmt"
	"regexp"
	"strconv"

	"loadline/scenarios/plan"
)

// warmUpFirst is the number of a trial's first warm-up op. Warm-up ops count
// apart from the measured ones, so that the bodies of the latter do not depend
// on how many there were of the former.
const warmUpFirst = 1 << 32

var wellFormed = regexp.MustCompile(`^[a-z0-9-]{1,80}$`)

// CheckRun refuses a run id that cannot be part of an object's name.
func CheckRun(run string) error {
	if !wellFormed.MatchString(run) {
		return fmt.Errorf("run id %q: only a-z, 0-9 and - may stand in the names of objects (hint: at most 80 of them)", run)
	}
	return nil
}

// Seq is the number of the n-th op that a machine starts in a part of a trial;
// those of the shards of a plan are disjoint.
func Seq(shard plan.Shard, n uint64, warmUp bool) uint64 {
	seq := n*uint64(max(shard.Count, 1)) + uint64(shard.Index)
	if warmUp {
		seq += warmUpFirst
	}
	return seq
}

// Name is the name of the object of an op: [a-z0-9-]+, unique per run and op.
func Name(run string, trial int, seq uint64) string {
	b := make([]byte, 0, len(run)+24)
	b = append(b, "ll-"...)
	b = append(b, run...)
	b = append(b, "-t"...)
	b = strconv.AppendInt(b, int64(trial), 10)
	b = append(b, '-')
	return string(strconv.AppendUint(b, seq, 10))
}

// Seed is the seed of an op's body: SplitMix64 (Steele, Lea, Flood 2014) of
// the trial's seed and the op's number.
func Seed(trial, seq uint64) uint64 {
	const golden = 0x9e3779b97f4a7c15
	z := trial + (seq+1)*golden
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
