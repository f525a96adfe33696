package storm

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"

	vegeta "github.com/tsenart/vegeta/v12/lib"
	"golang.org/x/net/http/httpguts"

	"loadline/probes/internal/credential"
	"loadline/scenarios"
	"loadline/scenarios/unit"
)

// load makes the session's requests of the scenario's targets.
func (s *session) load() error {
	common, err := s.secrets.Headers(s.o.Headers)
	if err != nil {
		return fmt.Errorf("work.%w", err)
	}
	auth, given, err := s.secrets.Authorization(s.on.Arm.Target.Auth)
	if err != nil {
		return err
	}
	if given {
		common = without(common, auth.Name)
		common = append(common, auth)
	}
	var weights []int
	if s.o.Targets.File != nil {
		weights, err = s.loadFile(common)
	} else {
		weights, err = s.loadList(common)
	}
	if err != nil {
		return err
	}
	s.turns = newTurns(weights, s.o.Order)
	return nil
}

// loadList makes the requests that are written in the scenario.
func (s *session) loadList(common []credential.Field) (weights []int, err error) {
	for i := range s.o.Targets.List {
		t := &s.o.Targets.List[i]
		own, err := s.secrets.Headers(t.Headers)
		if err != nil {
			return nil, fmt.Errorf("work.targets[%d].%w", i, err)
		}
		body := []byte(t.Body)
		if t.BodyFile != "" {
			if body, err = readBounded(t.BodyFile, maxBody); err != nil {
				return nil, fmt.Errorf("work.targets[%d].body_file: %w", i, err)
			}
		}
		s.add(draft{method: t.Method, path: t.where(), fields: merged(common, own), body: body, expect: s.o.expects(t)})
		weights = append(weights, t.Weight)
	}
	return weights, nil
}

// below is a path below that of the arm's URL.
func (s *session) below(path string) string {
	return strings.TrimSuffix(s.base.EscapedPath(), "/") + path
}

// add compiles a request, and the one that removes what it creates.
func (s *session) add(d draft) {
	creates := s.o.creates(d.method, d.path)
	d.path = s.below(d.path)
	if d.host == "" {
		d.host = s.base.Host
	}
	d.trace, d.size = s.trace, unit.Bytes(len(d.body))
	if s.size != nil {
		d.size = *s.size
	}
	r := compile(d)
	if creates {
		r.undo = s.undo(d)
	}
	s.requests = append(s.requests, r)
}

// maxFile bounds a targets file.
const maxFile = 64 << 20

// loadFile makes the requests of a file of vegeta's. Of their URLs, path and
// query count; where they go is what distinguishes the arms.
func (s *session) loadFile(common []credential.Field) (weights []int, err error) {
	f := s.o.Targets.File
	text, err := readBounded(f.File, maxFile)
	if err != nil {
		return nil, fmt.Errorf("work.targets.file: %w", err)
	}
	sum := sha256.Sum256(text)
	switch digest := hex.EncodeToString(sum[:]); f.SHA256 {
	case digest:
	case "":
		s.warn(fmt.Sprintf("targets file %s is not pinned: add sha256: %s to work.targets, so that a changed file is noticed", f.File, digest))
	default:
		return nil, fmt.Errorf("work.targets.file: %s has the SHA-256 %s, and the scenario says %s: correct one of the two", f.File, digest, f.SHA256)
	}
	all, err := readTargets(text, f.Format)
	if err != nil {
		return nil, fmt.Errorf("work.targets.file: %s: %w", f.File, err)
	}
	for i, t := range all {
		d, err := s.draftOf(t, common)
		if err != nil {
			return nil, fmt.Errorf("work.targets.file: %s: request %d: %w", f.File, i+1, err)
		}
		s.add(d)
		weights = append(weights, 1)
	}
	if len(s.undos) > 0 && !s.o.Delete.Off {
		s.warn(fmt.Sprintf("targets file %s has requests that create what nobody removes, because a plan does not read it (hint: list them under work.targets, or delete: off)", f.File))
	}
	return weights, nil
}

// readTargets reads a whole file through vegeta's own targeters.
func readTargets(text []byte, format string) ([]vegeta.Target, error) {
	next := vegeta.NewHTTPTargeter(bytes.NewReader(text), nil, nil)
	if format == vegeta.JSONTargetFormat {
		// The targeter takes a last line that has no end for no target.
		next = vegeta.NewJSONTargeter(bytes.NewReader(append(slices.Clip(text), '\n')), nil, nil)
	}
	var all []vegeta.Target
	hosts := map[string]bool{}
	for {
		var t vegeta.Target
		switch err := next(&t); {
		case errors.Is(err, vegeta.ErrNoTargets) && len(all) == 0:
			return nil, errors.New("it holds no request (hint: a line such as GET http://host/path)")
		case errors.Is(err, vegeta.ErrNoTargets):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("request %d: %w", len(all)+1, err)
		}
		if u, err := url.Parse(t.URL); err == nil && u.Host != "" {
			hosts[u.Host] = true
		}
		if len(hosts) > 1 {
			return nil, fmt.Errorf("request %d is for another host than those before, and an arm is one target (hint: a scenario for each host)", len(all)+1)
		}
		if all = append(all, t); len(all) > maxTargets {
			return nil, fmt.Errorf("it holds more than %d requests", maxTargets)
		}
	}
}

// draftOf checks a request of vegeta's as the scenario's own were checked.
func (s *session) draftOf(t vegeta.Target, common []credential.Field) (draft, error) {
	path, err := pathOf(t.URL)
	if err != nil {
		return draft{}, err
	}
	if len(t.Body) > maxBody {
		return draft{}, fmt.Errorf("a body of %d bytes is no small one (hint: use http.transfer)", len(t.Body))
	}
	d := draft{method: t.Method, path: path, body: t.Body, expect: &s.o.Expect}
	var own []credential.Field
	for name, values := range t.Header {
		hint, set := managed[strings.ToLower(name)]
		for _, value := range values {
			switch {
			case strings.EqualFold(name, "Host") && httpguts.ValidHostHeader(value):
				d.host = value
			case set:
				return draft{}, fmt.Errorf("header %s is set by the probe (hint: %s)", name, hint)
			case !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value):
				return draft{}, fmt.Errorf("header %q cannot be sent", name)
			default:
				secret := scenarios.IsSecretHeader(name)
				if secret {
					s.secrets.Add(value)
				}
				own = append(own, credential.Field{Name: name, Value: value, Secret: secret})
			}
		}
	}
	slices.SortStableFunc(own, func(a, b credential.Field) int { return strings.Compare(a.Name, b.Name) })
	d.fields = merged(common, own)
	return d, nil
}

// merged are the fields of all requests, and those of one in their place.
func merged(common, own []credential.Field) []credential.Field {
	out := slices.Clone(common)
	for _, f := range own {
		out = without(out, f.Name)
	}
	return append(out, own...)
}

func without(fields []credential.Field, name string) []credential.Field {
	return slices.DeleteFunc(fields, func(f credential.Field) bool { return strings.EqualFold(f.Name, name) })
}

// readBounded reads a file that must not be larger than most bytes.
func readBounded(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("%s is larger than %d bytes", path, most)
	}
	return text, err
}
