package storm

import "strings"

// addresses reports whether a path names something of the op's own, and of no
// one else. A name in the query does not: a server that overlooks it would
// remove all that the path stands for.
func addresses(path string) bool {
	path, _, _ = strings.Cut(path, "?")
	return strings.Contains(path, placeholder)
}

// creates reports whether a request is known to leave something behind that
// can be named: it is a PUT or a POST, and its own path, or the one that the
// scenario gives for removal, holds the op's name.
func (o *Options) creates(method, path string) bool {
	return (method == "PUT" || method == "POST") && (addresses(path) || o.Delete.Path != "")
}

// where is the path of a listed request.
func (t *Target) where() string {
	if t.Path != "" {
		return t.Path
	}
	path, _ := pathOf(t.URL) // it was checked
	return path
}
