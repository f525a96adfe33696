package plan_test

import (
	"strings"
	"testing"
)

func TestArmsThatDifferInNothingAreDoubted(t *testing.T) {
	same := "arms.through.target.url=http://127.0.0.1:8080"
	for _, c := range []struct {
		name    string
		sets    []string
		doubted bool
	}{
		{"two targets", nil, false},
		{"one target", []string{same}, true},
		{"one name, another peer", []string{same, "arms.through.target.connect=127.0.0.1:8081"}, false},
		{"one name, another protocol", []string{same, "arms.through.target.http=1.1"}, false},
		{"a control", []string{`arms=[{id: a, role: reference, target: {url: "http://127.0.0.1:1"}}, {id: b, role: candidate, target: {url: "http://127.0.0.1:2"}}, {id: c, role: control, target: {url: "http://127.0.0.1:1"}}]`}, false},
		{"a null arm", []string{"design.null_arm=true"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(read(t, c.sets...).Warnings, "\n")
			if said := strings.Contains(got, "arms around and through have the same target, 127.0.0.1:8080: "); said != c.doubted || (got != "") != c.doubted {
				t.Errorf("warned %q", got)
			}
		})
	}
}
