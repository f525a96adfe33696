package transfer

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"loadline/probes"
	"loadline/probes/internal/payload"
	"loadline/probes/internal/reach"
	"loadline/scenarios"
	"loadline/scenarios/plan"
	"loadline/scenarios/unit"
)

// maxFields bounds what is sent as header; servers give up long before.
const maxFields = 64 << 10

// Open implements probes.Probe. It reads secrets and certificates and dials
// nothing.
func (Probe) Open(_ context.Context, spec plan.Spec, on probes.On) (probes.Session, error) {
	s, ok := spec.(*Spec)
	if !ok {
		return nil, fmt.Errorf("http.transfer cannot open the work of %s", spec.Kind())
	}
	base, err := url.Parse(on.Arm.Target.URL)
	switch {
	case err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https":
		return nil, fmt.Errorf("arm %s: target.url: is not an absolute http or https URL", on.Arm.ID)
	case base.RawQuery != "" || base.Fragment != "":
		return nil, fmt.Errorf("arm %s: target.url: a query belongs into work.path", on.Arm.ID)
	}
	o := s.o
	congestion := o.Congestion.in(on.Arm.ID)
	if congestion == "" {
		congestion = on.Arm.Target.Congestion
	}
	slots := on.Slots
	if o.Connections.Mode == "shared" {
		slots = 1
	}
	links, err := newLinker(on.Arm.Target, base, congestion, o.StallAfter, slots)
	if err != nil {
		return nil, fmt.Errorf("arm %s: %w", on.Arm.ID, err)
	}
	if on.Warn == nil {
		on.Warn = func(string) {}
	}
	links.shared = o.Connections.Mode == "shared"
	session := &session{opening: make(chan struct{}, 1), o: o, on: on, base: base, links: links, limits: limits{stall: o.StallAfter, answer: o.AnswerAfter}}
	session.size = on.Cell.Size
	if session.size == 0 || o.Fixture == Existing {
		session.size = s.Size()
	}
	if err := session.credentials(); err != nil {
		return nil, fmt.Errorf("arm %s: %w", on.Arm.ID, err)
	}
	for _, name := range s.Fixtures(on.Run, on.Cell) {
		session.fixtures = append(session.fixtures, payload.Object{Seed: on.Seed, ID: name, Size: int64(session.size)})
	}
	links.watch = reach.NewWatch(on.Sampled)
	return session, nil
}

// credentials resolves what is sent with every request.
func (s *session) credentials() error {
	for name, text := range s.o.Headers {
		value, err := text.Resolve(os.LookupEnv, os.ReadFile)
		switch {
		case err != nil:
			return fmt.Errorf("work.headers.%s: %w", name, err)
		case !httpguts.ValidHeaderFieldValue(value):
			return fmt.Errorf("work.headers.%s: the value has characters that no header can carry", name)
		}
		s.fields = append(s.fields, field{name: name, value: value, secret: text.Secret != nil})
		if text.Secret != nil {
			s.secrets.Add(value)
		}
	}
	if err := s.formFields(); err != nil {
		return err
	}
	slices.SortFunc(s.fields, func(a, b field) int { return strings.Compare(a.name, b.name) })
	if err := s.authorization(); err != nil {
		return err
	}
	total := 0
	for _, f := range s.fields {
		total += len(f.name) + len(f.value) + len(": \r\n")
	}
	if total > maxFields {
		return fmt.Errorf("work.headers: %v of headers are more than a server takes", unit.Bytes(total))
	}
	s.addDefaults()
	return nil
}

// formFields resolves what goes into a form beside the file, and hides what
// the place of the receipts is asked with.
func (s *session) formFields() error {
	if s.o.Receipts != nil {
		if u, err := url.Parse(s.o.Receipts.URL); err == nil && u.User != nil {
			password, _ := u.User.Password()
			s.secrets.Add(password)
		}
	}
	if s.o.Form == nil {
		return nil
	}
	s.form = map[string]string{}
	for name, text := range s.o.Form.Fields {
		value, err := text.Resolve(os.LookupEnv, os.ReadFile)
		if err != nil {
			return fmt.Errorf("work.form.fields.%s: %w", name, err)
		}
		if s.form[name] = value; text.Secret != nil || scenarios.IsSecretHeader(name) {
			s.secrets.Add(value)
		}
	}
	return nil
}

// authorization resolves the target's own credentials.
func (s *session) authorization() error {
	auth := s.on.Arm.Target.Auth
	value := ""
	switch {
	case auth.Bearer != nil:
		token, err := auth.Bearer.Resolve(os.LookupEnv, os.ReadFile)
		if err != nil {
			return fmt.Errorf("target.auth.bearer: %w", err)
		}
		if !httpguts.ValidHeaderFieldValue(token) {
			return errors.New("target.auth.bearer: has characters that no header can carry")
		}
		s.secrets.Add(token)
		value = "Bearer " + token
	case auth.User != "":
		password := ""
		if auth.Password != nil {
			var err error
			if password, err = auth.Password.Resolve(os.LookupEnv, os.ReadFile); err != nil {
				return fmt.Errorf("target.auth.password: %w", err)
			}
		}
		pair := base64.StdEncoding.EncodeToString([]byte(auth.User + ":" + password))
		s.secrets.Add(password)
		s.secrets.Add(pair)
		value = "Basic " + pair
	default:
		return nil
	}
	if hasField(s.fields, "Authorization") {
		return errors.New("target.auth and work.headers.Authorization contradict each other: remove one of them")
	}
	s.fields = append(s.fields, field{name: "Authorization", value: value, secret: true})
	return nil
}

// addDefaults adds what every client sends, unless the scenario does.
func (s *session) addDefaults() {
	s.defaultField("Accept", "*/*")
	s.defaultField("User-Agent", "loadline")
}

func (s *session) defaultField(name, value string) {
	if !hasField(s.fields, name) {
		s.fields = append(s.fields, field{name: name, value: value})
	}
}

func hasField(fields []field, name string) bool {
	return slices.ContainsFunc(fields, func(f field) bool { return strings.EqualFold(f.name, name) })
}
