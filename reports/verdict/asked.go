package verdict

import (
	"encoding/json"
	"net/url"
	"strings"
)

// request is how a work names one of its requests.
type request struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	URL    string `json:"url"`
}

// asked is the request of an arm's ops as the scenario writes it, such as
// PUT /files/{name}, below the path of the arm's URL. Of a work with several
// it names none, because a failure does not say which it was. What may hold a
// secret is left out: query, fragment and parameters.
func (m measured) asked(arm string) string {
	var work struct {
		request
		Targets struct {
			List []request `json:"list"`
		} `json:"targets"`
	}
	if json.Unmarshal(m.run.Header.Spec, &work) != nil {
		return ""
	}
	one := work.request
	for i, r := range work.Targets.List {
		if i > 0 && r != one {
			return ""
		}
		one = r
	}
	path := one.Path
	if u, err := url.Parse(one.URL); path == "" && err == nil {
		path = u.Path
	}
	if one.Method == "" || path == "" {
		return ""
	}
	if u, err := url.Parse(m.arm(arm).Target.URL); err == nil {
		path = strings.TrimSuffix(u.EscapedPath(), "/") + path
	}
	if i := strings.IndexAny(path, "?#;"); i >= 0 {
		path = path[:i]
	}
	return one.Method + " " + path
}
