package page

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"

	"github.com/recipe-web-app/oauth2d/internal/smallfile"
)

//go:embed messages/en.json
var englishFiles embed.FS

// scopeMessages begins the keys by which a language may put the operator's scopes into its words.
const scopeMessages = "scope."

// spanMessages begins the keys of lengths of time: span.UNIT.FORM, the form being a plural form of Unicode CLDR.
const spanMessages = "span."

// catalogue holds the messages of one language by their keys.
type catalogue map[string]string

// languages are those of the pages. English is always the first one.
type languages struct {
	spoken  []words
	matcher language.Matcher // returns an index of spoken
}

// loadLanguages reads the built-in English and the operator's files, which may replace it in part.
func loadLanguages(further fs.FS) (languages, error) {
	ours, err := readCatalogue(englishFiles, "messages/en.json")
	if err != nil {
		return languages{}, err
	}
	spoken := []words{{tag: language.English, said: ours}}
	if further != nil {
		names, err := fs.Glob(further, "*.json")
		if err != nil {
			return languages{}, err
		}
		for _, name := range names {
			one, err := readLanguage(further, name, ours)
			switch {
			case err != nil:
				return languages{}, fmt.Errorf("messages: %s: %w", name, err)
			case one.tag == language.English:
				spoken[0] = one
			default:
				spoken = append(spoken, one)
			}
		}
	}
	tags := make([]language.Tag, len(spoken))
	for i, one := range spoken {
		tags[i] = one.tag
	}
	return languages{spoken: spoken, matcher: language.NewMatcher(tags)}, nil
}

// readLanguage reads an operator's file. English stands in for the messages that it does not have.
func readLanguage(from fs.FS, name string, ours catalogue) (words, error) {
	tag, err := language.Parse(strings.TrimSuffix(path.Base(name), ".json"))
	if err != nil {
		return words{}, errors.New("the file is not named by a language (RFC 5646), such as de.json or pt-BR.json")
	}
	read, err := readCatalogue(from, name)
	if err != nil {
		return words{}, err
	}
	if err := read.check(ours); err != nil {
		return words{}, err
	}
	for key, message := range ours {
		if _, translated := read[key]; !translated {
			read[key] = message
		}
	}
	return words{tag: tag, said: read}, nil
}

func readCatalogue(from fs.FS, name string) (catalogue, error) {
	raw, err := smallfile.ReadFS(from, name)
	if err != nil {
		return nil, err
	}
	var read catalogue
	if err := json.Unmarshal(raw, &read); err != nil {
		return nil, err
	}
	return read, nil
}

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// retired are the keys of earlier releases that no page uses any more. A file that has them still loads.
const retired = " login.current login.show_label consent.switch account.end_label account.withdraw_label "

// check refuses keys that no page uses and placeholders that nothing fills.
func (c catalogue) check(ours catalogue) error {
	for key, message := range c {
		if strings.HasPrefix(key, scopeMessages) || strings.Contains(retired, " "+key+" ") {
			continue
		}
		original, known := ours[otherForm(key)]
		if !known {
			return fmt.Errorf("there is no message %q", key)
		}
		for _, hole := range placeholder.FindAllString(message, -1) {
			if !strings.Contains(original, hole) {
				return fmt.Errorf("the message %q has no %s", key, hole)
			}
		}
	}
	return nil
}

// otherForm returns the key of the form "other" for a key of any plural form, and every other key as it is.
func otherForm(key string) string {
	for _, form := range []string{".zero", ".one", ".two", ".few", ".many"} {
		if unit, is := strings.CutSuffix(key, form); is && strings.HasPrefix(key, spanMessages) {
			return unit + ".other"
		}
	}
	return key
}

// words speaks to a person in their language.
type words struct {
	tag  language.Tag
	said catalogue
}

// Lang is the language, for the attribute lang.
func (v words) Lang() string { return v.tag.String() }

// Dir is the direction of the script: ltr or rtl.
func (v words) Dir() string { return v.said["dir"] }

// Text returns a message with its placeholders filled: Text("login.heading", "app", name).
func (v words) Text(key string, filled ...string) string {
	message := v.said[key]
	for i := 0; i+1 < len(filled); i += 2 {
		message = strings.ReplaceAll(message, "{"+filled[i]+"}", readable(filled[i+1]))
	}
	return message
}

// Rich is Text as markup: what is filled in stands out, and is kept from changing the direction of
// the text around it.
func (v words) Rich(key string, filled ...string) template.HTML {
	message := template.HTMLEscapeString(v.said[key])
	for i := 0; i+1 < len(filled); i += 2 {
		value := `<bdi class="name">` + template.HTMLEscapeString(readable(filled[i+1])) + `</bdi>`
		message = strings.ReplaceAll(message, "{"+filled[i]+"}", value)
	}
	return template.HTML(message) //nolint:gosec // both halves were escaped above
}

// Scope puts a permission into words; empty when nobody described it.
func (v words) Scope(p permission) string {
	if told := v.said[scopeMessages+p.Name]; told != "" {
		return told
	}
	return p.Words
}

// Span puts a length of time into words, in the largest unit that fits at least once.
func (v words) Span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= 2*day || d == day:
		return v.count("day", int(d/day))
	case d >= time.Hour:
		return v.count("hour", int(d/time.Hour))
	}
	return v.count("minute", max(1, int(d/time.Minute)))
}

// Exactly puts a time to wait into words, rounded up to a second: "14 minutes and 30 seconds".
func (v words) Exactly(d time.Duration) string {
	d = (d + time.Second - 1).Truncate(time.Second)
	unit, small, smaller := "minute", time.Minute, "second"
	rest := d % time.Minute / time.Second
	switch {
	case d < time.Minute:
		return v.count("second", int(d/time.Second))
	case d >= time.Hour:
		unit, small, smaller = "hour", time.Hour, "minute"
		rest = (d%time.Hour + time.Minute - 1) / time.Minute
		if rest == 60 {
			d, rest = d+time.Hour, 0
		}
	}
	whole := v.count(unit, int(d/small))
	if rest == 0 {
		return whole
	}
	return v.Text("span.two", "span", whole, "rest", v.count(smaller, int(rest)))
}

// Ago puts into words that something was minutes ago.
func (v words) Ago(minutes int) string {
	if minutes < 1 {
		return v.Text("ago.now")
	}
	return v.Text("ago.span", "span", v.Span(time.Duration(minutes)*time.Minute))
}

// count puts a number of units into words, in the plural form that the language has for it. The form "other" stands in
// for one that is missing. It also stands in for one without {n} that is not for exactly this number: Russian counts 21
// like 1, and must not show "1 minute" for it.
func (v words) count(unit string, n int) string {
	form, exactly := formOf(plural.Cardinal.MatchPlural(v.tag, n, 0, 0, 0, 0))
	key := spanMessages + unit + "."
	if message := v.said[key+form]; message == "" || n != exactly && !strings.Contains(message, "{n}") {
		form = "other"
	}
	return v.Text(key+form, "n", strconv.Itoa(n))
}

// formOf returns the name of a plural form in a key, and the number that the form stands for in its name.
func formOf(form plural.Form) (name string, exactly int) {
	switch form {
	case plural.Zero:
		return "zero", 0
	case plural.One:
		return "one", 1
	case plural.Two:
		return "two", 2
	case plural.Few:
		return "few", -1
	case plural.Many:
		return "many", -1
	case plural.Other:
	}
	return "other", -1
}

// readable drops what is not seen but changes how its surroundings are read: control characters and
// changes of direction.
func readable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, text)
}
