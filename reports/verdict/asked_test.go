package verdict_test

import (
	"strings"
	"testing"

	"loadline/probes"
	"loadline/reports/verdict"
	"loadline/reports/verdict/synthetic"
	"loadline/scenarios"
	"loadline/scenarios/metric"
)

// TestARefusalNamesItsRequest as the scenario writes it, without what may hold
// a secret, and no other one.
func TestARefusalNamesItsRequest(t *testing.T) {
	refused := bent(fast(), func(_ int, o *synthetic.Op) { o.Outcome, o.Status = probes.Status, 403 })
	for _, c := range []struct{ name, spec, url, says string }{
		{"upload", `{"direction":"upload","method":"PUT","path":"/files/{name}"}`, "https://h.example", "(status 403 to PUT /files/{name})"},
		{"below the URL's path", `{"direction":"upload","method":"POST","path":"/up"}`, "https://h.example/api/v1/", "(status 403 to POST /api/v1/up)"},
		{"nothing of a query", `{"direction":"upload","method":"PUT","path":"/f/{name};sig=S3CRET?key=S3CRET#S3CRET"}`, "https://h.example/?key=S3CRET", "(status 403 to PUT /f/{name})"},
		{"requests", `{"targets":{"list":[{"method":"GET","path":"/ping?key=S3CRET","weight":1}]}}`, "", "(status 403 to GET /ping)"},
		{"a request of vegeta's", `{"targets":{"list":[{"method":"GET","url":"http://u:S3CRET@h/ping?key=S3CRET","weight":1}]}}`, "", "(status 403 to GET /ping)"},
		{"several requests", `{"targets":{"list":[{"method":"GET","path":"/a"},{"method":"GET","path":"/b"}]}}`, "", "(status 403)"},
		{"a file of requests", `{"targets":{"file":{"file":"targets.txt"}}}`, "", "(status 403)"},
		{"a work without requests", `{"mode":"connect"}`, "", "(status 403)"},
		{"a work of another form", `"connect"`, "", "(status 403)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			run := synthetic.Record(synthetic.Design{
				Seed: 5, Blocks: 3, Around: fast(), Through: refused, Spec: c.spec,
				Criteria: []scenarios.Criterion{synthetic.Limit(metric.Errors, metric.StatRate, 0)},
			})
			for i := range run.Header.Arms {
				run.Header.Arms[i].Target.URL = c.url
			}
			d := verdict.Judge(run, verdict.Options{})
			if said := d.Findings[0].Reason; !strings.Contains(said, c.says) || strings.Contains(said, "S3CRET") {
				t.Errorf("said %q, want %q", said, c.says)
			}
		})
	}
}
