package plan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"loadline/scenarios"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

func TestShardsSumToThePlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 9).Draw(t, "shards")
		s := scenarios.Scenario{
			Arms:   []scenarios.Arm{{ID: "a"}, {ID: "b"}},
			Design: scenarios.Design{Blocks: 3},
			Load:   scenarios.Load{InFlight: rapid.IntRange(n, 1000).Draw(t, "in flight")},
			Limits: scenarios.Limits{
				Bytes: unit.Bytes(rapid.Int64Range(int64(n), 1<<50).Draw(t, "bytes")), Requests: rapid.Uint64Range(uint64(n), 1e12).Draw(t, "requests"),
				Rate: 1e9,
			},
		}
		whole, err := plan.Build(s, fixed{})
		if err != nil {
			t.Fatal(err)
		}
		shards, err := whole.Split(n)
		if err != nil || len(shards) != n {
			t.Fatalf("%d shards, %v", len(shards), err)
		}
		var sum scenarios.Limits
		inFlight := make([]int, len(whole.Trials))
		for _, shard := range shards {
			if shard.Fingerprint != whole.Fingerprint || !cmp.Equal(shard.Trials, whole.Trials) {
				t.Fatal("a shard is another plan")
			}
			sum.Bytes += shard.Scenario.Limits.Bytes
			sum.Requests += shard.Scenario.Limits.Requests
			sum.Rate += shard.Scenario.Limits.Rate
			for i, trial := range shard.Trials {
				got := shard.LoadIn(trial).InFlight
				if got < 1 {
					t.Fatal("a shard has nothing to do")
				}
				inFlight[i] += got
			}
		}
		if d := sum.Rate - s.Limits.Rate; sum.Bytes != s.Limits.Bytes || sum.Requests != s.Limits.Requests || d > 1 || d < -1 {
			t.Fatalf("limits sum to %+v, want %+v", sum, s.Limits)
		}
		for _, got := range inFlight {
			if got != s.Load.InFlight {
				t.Fatalf("in flight sums to %d, want %d", got, s.Load.InFlight)
			}
		}
		seq := rapid.Uint64().Draw(t, "op")
		owners := 0
		for _, shard := range shards {
			if shard.Shard.Owns(seq) {
				owners++
			}
		}
		if owners != 1 {
			t.Fatalf("op %d has %d owners", seq, owners)
		}
	})
}

func TestSharesOfNothingAreRefused(t *testing.T) {
	for _, test := range []struct {
		sets []string
		n    int
		want string
	}{
		{nil, 0, "cannot split into 0"},
		{nil, 2, "1 in flight (cell all) cannot be shared by 2 machines"},
		{[]string{"load.in_flight=8", "limits.requests=3"}, 4, "limits.requests of 3"},
		{[]string{"load.in_flight=8", "limits.bytes=3B"}, 4, "limits.bytes of 3"},
	} {
		if _, err := read(t, test.sets...).Split(test.n); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v by %d: %v, want %q", test.sets, test.n, err, test.want)
		}
	}
	shards, err := read(t, "load.in_flight=8").Split(2)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := shards[1].Split(2); err == nil {
		t.Error("a shard was split again")
	}
	if one, err := read(t).Split(1); err != nil || one[0].LoadIn(one[0].Trials[0]).InFlight != 1 {
		t.Errorf("one shard is not the whole: %v", err)
	}
}
