package directory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/recipe-web-app/oauth2d/internal/commonpw"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/precis"
)

// Why a password may not be set; the causes of the refusals of CheckPassword.
var (
	ErrForm    = errors.New("the password holds a character that is not allowed in one, or is longer than 1024 bytes")
	ErrShort   = errors.New("the password is too short")
	ErrCommon  = errors.New("the password is one of the most common ones, or repeats a few characters")
	ErrContext = errors.New("the password consists of the user name or the name of this service")
)

// MinLength returns the least number of characters of a password that is set.
func (d *Directory) MinLength() int { return d.o.MinLength }

// CheckPassword reports whether a password may be set for a user of a name (NIST SP 800-63B-4 section 3.1.1.2): it
// is long enough, at most 1024 bytes, is not one of the 100 000 most common passwords, and does not consist of
// the names of the user and this service. There is no rule about kinds of characters, and none about its age.
func (d *Directory) CheckPassword(name, password string) error {
	weak := func(cause error, text string) error { return oauth.Refuse(oauth.InvalidRequest, text, cause) }
	if len(password) > oauth.MaxPassword {
		return weak(ErrForm, "the password is longer than 1024 bytes")
	}
	form, err := precis.Password(password)
	if password != "" && (err != nil || !utf8.ValidString(password)) {
		return weak(ErrForm, "the password holds a character that is not allowed in one, such as a control character")
	}
	switch {
	case utf8.RuneCountInString(form) < d.o.MinLength:
		return weak(ErrShort, fmt.Sprintf("the password is shorter than %d characters; a few words that do not belong together are a good one", d.o.MinLength))
	case commonpw.Has(form) || repeats(form):
		return weak(ErrCommon, "the password is one of the most common ones, or repeats a few characters: it would be guessed first")
	case d.consistsOfNames(name, form):
		return weak(ErrContext, "the password consists of the user name or the name of this service: it would be guessed first")
	}
	return nil
}

// repeats reports whether a text is one short text or common password over and over, as "abcabcabcabcabc" is.
func repeats(text string) bool {
	const short = 4 // characters
	runes := []rune(strings.ToLower(text))
	for period := 1; period <= len(runes)*2/3; period++ {
		same := true
		for i := period; i < len(runes) && same; i++ {
			same = runes[i] == runes[i-period]
		}
		if same {
			return period <= short || commonpw.Has(string(runes[:period]))
		}
	}
	return false
}

// consistsOfNames reports whether hardly anything is left of a password without the names and without what
// people put around them. Only letters and digits are compared, so that ada.1815 is found in "Ada 1815!", and
// the parts of a name count as names. Of what is left only letters count: digits around a name are years and
// dates.
func (d *Directory) consistsOfNames(name, password string) bool {
	const enough = 6 // letters beside them
	left := lettersAndDigits(password)
	found := false
	for _, word := range namesIn(append([]string{name}, d.o.Words...)) {
		found = found || strings.Contains(left, word)
		left = strings.ReplaceAll(left, word, " ") // what stood on both sides must not become a name
	}
	letters := 0
	for _, r := range left {
		if unicode.IsLetter(r) {
			letters++
		}
	}
	return found && letters < enough
}

// namesIn returns names and their parts of at least three characters, the longest first.
func namesIn(names []string) []string {
	const short = 3
	var all []string
	for _, name := range names {
		parts := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		for _, part := range append(parts, strings.Join(parts, "")) {
			digits := strings.IndexFunc(part, unicode.IsDigit)
			all = append(all, part)
			if digits > 0 {
				all = append(all, part[:digits]) // ada of ada1815
			}
		}
	}
	all = slices.DeleteFunc(all, func(word string) bool { return utf8.RuneCountInString(word) < short })
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.Compact(all)
}

// lettersAndDigits returns the letters and digits of a text, in lower case.
func lettersAndDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, strings.ToLower(text))
}

func (d *Directory) hash(ctx context.Context, name, password string) (string, error) {
	if err := d.CheckPassword(name, password); err != nil {
		return "", err
	}
	form, err := precis.Password(password)
	if err != nil {
		return "", oauth.Refuse(oauth.InvalidRequest, ErrForm.Error(), err)
	}
	hash, err := d.o.Hasher.Hash(ctx, form)
	if err != nil {
		return "", oauth.Unavailable(err)
	}
	return hash, nil
}
