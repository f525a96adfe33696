package scenarios

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"time"
)

func (c *checker) armIDs() []string {
	ids := make([]string, len(c.s.Arms))
	for i, arm := range c.s.Arms {
		ids[i] = arm.ID
	}
	return ids
}

// arms checks ids, roles and targets.
func (c *checker) arms() {
	nodes := c.root.Child("arms").Items()
	seen := map[string]bool{}
	count := map[Role]int{}
	for i, arm := range c.s.Arms {
		if seen[arm.ID] && arm.ID != "" {
			c.refuse(nodes[i].At("id"), fmt.Sprintf("there are two arms %q", arm.ID), "give each arm an id of its own")
		}
		seen[arm.ID] = true
		if count[arm.Role]++; arm.Role == Reference && count[Reference] > 1 {
			c.refuse(nodes[i].At("role"), "a second reference", "one arm is the reference; the others are candidates or controls")
		}
		c.target(nodes[i].Child("target"), arm.Target)
	}
	if len(nodes) > 0 && count[Candidate] == 0 && count[""] == 0 {
		c.refuse(c.root.Child("arms"), "no arm has role candidate", "the candidate is what the verdict is about")
	}
	if c.s.Design.NullArm && count[Reference] == 0 && count[""] == 0 {
		c.refuse(c.root.At("design", "null_arm"), "there is no reference to measure twice", "give one arm role: reference")
	}
}

func (c *checker) target(n Node, t Target) {
	if n.Absent() {
		return
	}
	secure := c.targetURL(n, t)
	for i, address := range t.Connect {
		at := n.At("connect")
		if items := at.Items(); i < len(items) {
			at = items[i]
		}
		if what := badAddress(address); what != "" {
			c.refuse(at, what, "write host:port, such as 10.0.0.12:443 or [::1]:443")
		}
	}
	if t.Resolve != "" && t.Resolve != "once" && t.Resolve != "each" {
		if _, err := netip.ParseAddr(t.Resolve); err != nil {
			c.refuse(n.At("resolve"), fmt.Sprintf("%q is neither once, each nor an IP address", t.Resolve), meant(t.Resolve, []string{"once", "each"}))
		}
	}
	if t.TLS != (TLS{}) && secure == plainHTTP {
		c.refuse(n.At("tls"), "there is no TLS on a plain http URL", "write https, or remove tls")
	}
	if (t.TLS.Cert == "") != (t.TLS.Key == "") {
		c.refuse(n.At("tls"), "a client certificate needs both cert and key", "")
	}
	c.protocol(n.At("http"), t.HTTP, secure)
	c.auth(n.Child("auth"), t.Auth)
	if t.Proxy != "" {
		c.proxy(n.At("proxy"), t.Proxy)
	}
}

// The security of a URL; the zero value is one that is not known.
type security int

const (
	plainHTTP security = iota + 1
	overTLS
)

// targetURL checks the URL, without repeating what may be confidential in it.
func (c *checker) targetURL(n Node, t Target) security {
	at := n.At("url")
	if t.URL == "" {
		if text, ok := n.Child("url").Scalar(); ok && text == "" {
			c.refuse(at, "the URL is empty", "write an absolute URL such as https://files.example.org")
		}
		return 0
	}
	u, err := url.Parse(t.URL)
	switch {
	case err != nil:
		c.refuse(at, "this is not a URL", "write an absolute URL such as https://files.example.org")
		return 0
	case u.User != nil:
		c.refuse(at, "a URL may not hold a user or password", "write auth: {user: NAME, password: {env: NAME}} beside it")
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "", u.Hostname() == "":
		c.refuse(at, fmt.Sprintf("%q is not an absolute http or https URL", RedactURL(t.URL)), "write an absolute URL such as https://files.example.org")
		return 0
	case u.RawQuery != "" || u.Fragment != "":
		c.refuse(at, "a target's URL has no query or fragment", "write the query in the path of the work")
	case u.Port() != "" && !validPort(u.Port()):
		c.refuse(at, fmt.Sprintf("%q is not a port", u.Port()), "write a port from 1 to 65535")
	}
	if u.Scheme == "https" {
		return overTLS
	}
	return plainHTTP
}

// protocol checks an explicit protocol against the URL.
func (c *checker) protocol(at Node, p Protocol, s security) {
	switch {
	case p == HTTP2 && s == plainHTTP:
		c.refuse(at, "HTTP/2 in clear is h2c", "write h2c, or an https URL")
	case p == H2C && s == overTLS:
		c.refuse(at, "h2c is HTTP/2 in clear, and the URL is https", "write 2, or an http URL")
	}
}

func (c *checker) auth(n Node, a Auth) {
	switch {
	case a.Bearer != nil && (a.User != "" || a.Password != nil):
		c.refuse(n, "has both a bearer token and a user", "write one of the two")
	case a.Password != nil && a.User == "":
		c.refuse(n, "has a password without a user", "write user: too")
	case a.User != "" && a.Password == nil && n.Child("password").Absent():
		c.refuse(n, "has a user without a password", "write password: {env: NAME} too")
	}
}

func (c *checker) proxy(at Node, raw string) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "socks5":
		c.refuse(at, "is not the URL of a proxy", "write a URL such as http://proxy.example.org:3128")
	case u.User != nil:
		c.refuse(at, "a URL may not hold a user or password", "use a proxy that asks for none")
	}
}

// badAddress says what is wrong with a host:port.
func badAddress(address string) string {
	u, err := url.Parse("//" + address)
	if err != nil || u.Hostname() == "" || u.Host != address || !validPort(u.Port()) {
		return fmt.Sprintf("%q is not host:port", address)
	}
	return ""
}

func validPort(text string) bool {
	port, err := strconv.ParseUint(text, 10, 16)
	return err == nil && port > 0
}

// event checks that the change happens while it can be measured.
func (c *checker) event() {
	e := c.s.Event
	if e == nil {
		return
	}
	n := c.root.Child("event")
	if e.At >= 1 {
		c.refuse(n.At("at"), fmt.Sprintf("%s of measure is its end", e.At), "write a part below 100%, such as 30%")
	}
	if len(e.Run) > 0 && e.Run[0] == "" {
		c.refuse(n.At("run"), "names no program", "")
	}
	load := c.s.Load
	if left := load.Measure + load.Drain - time.Duration(float64(load.Measure)*float64(e.At)); load.Measure > 0 && e.Timeout > left && e.At < 1 {
		c.refuse(n.At("timeout"), fmt.Sprintf("%s outlasts the trial, which has %s left at %s", e.Timeout, left, e.At), "write a shorter timeout, or a longer measure")
	}
}
