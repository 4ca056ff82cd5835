package oauth

import (
	"net/url"
	"strconv"
	"strings"
)

// maxSentRun is the number of characters in a row that are recorded of a sent value. It is the length of a UUID and
// less than the length of every credential of this server: an opaque access token has 38 characters.
const maxSentRun = 36

// shownOfSent is the number of characters that are kept of a cut value: enough to compare, too few to use.
const shownOfSent = 8

// CutSent returns what a request sent as a name for the audit log. A credential that was sent there by
// mistake must not be recorded: of more than 36 characters only the first 8 and the length are kept.
func CutSent(text string) string {
	if len(text) <= maxSentRun {
		return text
	}
	return text[:shownOfSent] + "...(" + strconv.Itoa(len(text)) + " characters)"
}

// CutRuns returns text with every run of more than 36 letters, digits, "-" and "_" cut as by CutSent. All
// credentials of this server are such runs, or hold them.
func CutRuns(text string) string {
	var out strings.Builder
	for text != "" {
		run := strings.IndexFunc(text, func(r rune) bool { return !inCredential(r) })
		if run < 0 {
			run = len(text)
		}
		out.WriteString(CutSent(text[:run]))
		text = text[run:]
		rest := strings.IndexFunc(text, inCredential)
		if rest < 0 {
			rest = len(text)
		}
		out.WriteString(text[:rest])
		text = text[rest:]
	}
	return out.String()
}

// CutSentURI returns what a request sent as a redirect URI for the audit log: without the user, the values
// of the query and the fragment, and with long runs cut. The names in the query are kept, because redirect
// URIs are compared with their query.
func CutSentURI(text string) string {
	u, err := url.Parse(text)
	switch {
	case err != nil && strings.Contains(text, "@"): // maybe a password
		return CutSent(text)
	case err != nil:
		text, _, _ = strings.Cut(text, "?")
		text, _, _ = strings.Cut(text, "#")
		return CutRuns(text)
	}
	shown := ""
	if u.Scheme != "" {
		shown = u.Scheme + ":"
	}
	if u.Host != "" {
		shown += "//" + u.Host
	}
	shown += u.Opaque + u.EscapedPath()
	mark := "?"
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		if pair == "" {
			continue
		}
		name, _, valued := strings.Cut(pair, "=")
		shown += mark + name
		if valued {
			shown += "=…"
		}
		mark = "&"
	}
	if u.Fragment != "" {
		shown += "#…"
	}
	return CutRuns(shown)
}

func inCredential(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
}
