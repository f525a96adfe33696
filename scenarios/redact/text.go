package redact

import (
	"regexp"
	"strings"
)

// quoted is a text in quotes; reference is ${NAME} or ${NAME:-default}.
const (
	quoted    = `"[^"\n]*"|'[^'\n]*'`
	reference = `\$\{[^}\n]*\}`
)

// The places where people write secrets out although the language asks for
// references: user info in a URL, values in a query, defaults of variables,
// and values after keys and flags that name a credential.
var (
	userInfo = regexp.MustCompile(`(://)([^/?#\s"'@{}]*)(@)`)
	query    = regexp.MustCompile(`([?&;])([A-Za-z0-9_.~%\[\]-]+)(=)([^&;\s"'#,{}]*(?:\{\w+\}[^&;\s"'#,{}]*)*)`)
	standard = regexp.MustCompile(`(\$\{)(\w+)(:-)([^}\n]+)`)
	assigned = regexp.MustCompile(`(?i)(` + key + `["']?[ \t]*=[ \t]*)(` + quoted + `|(?:` + reference + `|[^\s,;&"'}])+)`)
	keyed    = regexp.MustCompile(`(?i)(` + key + `["']?[ \t]*:[ \t]*)(` + quoted + `|(?:` + reference + `|[^,}\n])+)`)
	// A value made of nothing but these says where a secret is, not what; one
	// that begins as a block, list or mapping of YAML is not all of it.
	harmless = regexp.MustCompile(`^(?:(?:(?i:bearer|basic|token)\s+)?(?:\$\{\w+(?::-(?:` + Mark + `)?)?\}|\{.*|` + Mark + `)|true|false|.{0,3}|[0-9]{4}|[\[&*|>].*)$`)
)

// leastValue is the length from which a value alone is looked for in texts: a
// shorter one is part of ordinary words.
const leastValue = 4

// Text takes out of a text what may be a secret: user info of URLs, and values
// under keys such as authorization or token, in queries, mappings, assignments
// and defaults. References (${NAME}, {env: NAME}), placeholders ({name}), and
// values too short for a secret stay, and so do values under any other key.
func Text(text string) string {
	text, _ = take(text)
	return text
}

// Found are the values that Text takes out of a text.
func Found(text string) []string {
	_, values := take(text)
	return values
}

// take does both.
func take(text string) (redacted string, values []string) {
	cut := func(re *regexp.Regexp, at int, confidential func(part []string) bool) {
		text = re.ReplaceAllStringFunc(text, func(match string) string {
			part := re.FindStringSubmatch(match)
			value := strings.Trim(part[at], `"' `)
			if isHarmless(value) || !confidential(part) {
				return match
			}
			values = append(values, value)
			return strings.Join(part[1:at], "") + Mark + strings.Join(part[at+1:], "")
		})
	}
	always := func([]string) bool { return true }
	text = userInfo.ReplaceAllStringFunc(text, func(match string) string {
		part := userInfo.FindStringSubmatch(match)
		if part[2] == Mark {
			return match
		}
		user, password, both := strings.Cut(part[2], ":")
		if !both {
			password = user
		}
		values = append(values, password)
		return part[1] + Mark + part[3]
	})
	cut(query, 4, func(part []string) bool { return IsQueryKey(part[2]) || random(part[4]) })
	cut(standard, 4, func(part []string) bool { return IsVariable(part[2]) })
	cut(assigned, 2, always)
	cut(keyed, 2, always)
	return text, values
}

// isHarmless reports whether a value cannot be a secret, whatever it stands
// under.
func isHarmless(value string) bool { return harmless.MatchString(value) }

// random reports whether a value looks like a key that a machine made: as long
// as one, of letters and digits, and with no placeholder.
func random(value string) bool {
	return len(value) >= 24 && !strings.ContainsAny(value, "{$") &&
		strings.ContainsAny(value, "0123456789") && strings.ContainsFunc(value, func(r rune) bool { return r|0x20 >= 'a' && r|0x20 <= 'z' })
}
