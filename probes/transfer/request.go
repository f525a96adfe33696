package transfer

import (
	"encoding/hex"
	"hash/fnv"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"loadline/probes/internal/payload"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

// ids are by what an op is found again in the logs of every hop: one 128-bit
// trace id, sent as request id and as the trace of a traceparent (W3C).
type ids struct{ trace, span string }

func (s *session) ids(name string, seed uint64) ids {
	h := fnv.New128a()
	_, _ = h.Write([]byte(s.on.Run + "\x00" + s.on.Arm.ID + "\x00" + name + "\x00" + strconv.FormatUint(seed, 16)))
	sum := h.Sum(nil)
	span := fnv.New64a()
	_, _ = span.Write(sum)
	return ids{hex.EncodeToString(sum), hex.EncodeToString(span.Sum(nil))}
}

// request starts a request for an object at a path of the scenario.
func (s *session) request(method, path, name string, size unit.Bytes, id ids) *request {
	r := &request{
		method: method, scheme: s.base.Scheme, host: s.base.Host,
		target: strings.TrimSuffix(s.base.EscapedPath(), "/") + expand(path, name, size),
	}
	r.fields = make([]field, 0, len(s.fields)+5)
	for _, f := range s.fields {
		if !f.secret {
			f.value = expand(f.value, name, size)
		}
		r.fields = append(r.fields, f)
	}
	if !hasField(s.fields, "X-Request-Id") {
		r.add("X-Request-Id", id.trace)
	}
	r.add("traceparent", "00-"+id.trace+"-"+id.span+"-01")
	return r
}

func (r *request) add(name, value string) {
	r.fields = append(r.fields, field{name: name, value: value})
}

// without drops a header; the fields are the request's own.
func (r *request) without(name string) {
	r.fields = slices.DeleteFunc(r.fields, func(f field) bool { return strings.EqualFold(f.name, name) })
}

// url is where the request goes.
func (r *request) url() *url.URL { return &url.URL{Scheme: r.scheme, Host: r.host} }

// upload is the request that stores an object.
func (s *session) upload(method string, obj payload.Object, id ids) *request {
	size := unit.Bytes(obj.Size)
	r := s.request(method, s.o.Path, obj.ID, size, id)
	r.body = &source{object: obj, chunked: s.o.Chunked}
	r.expect = bool(s.o.ExpectContinue)
	kind := "application/octet-stream"
	if s.o.Form != nil {
		kind = r.body.frame(s.o.Form, s.form, size, id)
		r.without("Content-Type")
	}
	if !hasField(r.fields, "Content-Type") {
		r.add("Content-Type", kind)
	}
	return r
}

// frame puts the body into multipart/form-data, behind the fields, and returns
// its content type.
func (b *source) frame(f *Form, fields map[string]string, size unit.Bytes, id ids) string {
	boundary := "loadline-" + id.trace
	var head strings.Builder
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		head.WriteString("--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n")
		head.WriteString(expand(fields[name], b.object.ID, size) + "\r\n")
	}
	head.WriteString("--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + f.Field + "\"; filename=\"" +
		expand(f.Filename, b.object.ID, size) + "\"\r\nContent-Type: application/octet-stream\r\n\r\n")
	b.head, b.tail = head.String(), "\r\n--"+boundary+"--\r\n"
	return "multipart/form-data; boundary=" + boundary
}

// Fixtures implements probes.Fixed: the names of the objects that downloads of
// a cell read, the same for every arm, so that all read the same bytes. Two,
// where that is cheap, so that one served in place of the other is seen.
func (s *Spec) Fixtures(run string, cell plan.Cell) []string {
	if s.o.Fixture != Own {
		return nil
	}
	if cell.Size == 0 {
		cell.Size = s.Size()
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(cell.ID))
	stem := segment(run) + "-fix" + hex.EncodeToString(h.Sum(nil)) + "-"
	if cell.Size > 256*unit.MiB {
		return []string{stem + "0"}
	}
	return []string{stem + "0", stem + "1"}
}

// segment keeps of a run's id what a path segment may hold.
func segment(run string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, strings.ToLower(run))
}
