package page

import (
	"fmt"
	"io/fs"
	"net/url"
	"unicode/utf8"

	"github.com/recipe-web-app/oauth2d/internal/http/web"
)

// Look is everything about the pages that an operator chooses. The zero Look is complete.
type Look struct {
	Brand    Brand
	Scopes   []Scope // in the order in which the consent page shows them
	Messages fs.FS   // further languages, one <language tag>.json each; nil means English only
}

// Brand is the operator's part of the pages.
type Brand struct {
	Name       string // of the product; empty means "oauth2d"
	Accent     string // #rrggbb; empty means DefaultAccent
	Logo       []byte // an SVG or PNG file; empty means a drawing of our own
	SupportURL string // https or mailto; empty means none is shown
	PrivacyURL string // https; empty means none is shown
	TermsURL   string // https; empty means none is shown
	Footer     string // a line of text; may be empty
}

// Scope describes a scope value to a person.
type Scope struct {
	Name        string
	Description string // the end of a sentence that begins "… wants to"
	Writes      bool   // it lets an app change something
}

const (
	defaultName = "oauth2d"
	maxLogo     = 100 << 10 // bytes
	maxName     = 60        // characters
)

// look is a Look that passed its checks.
type look struct {
	Brand
	Scopes    []Scope
	languages languages
	files     map[string]file // by name below web.PathStatic
	style     string          // addresses
	logo      string
	scripts   map[string]string
}

// Check reports why the pages cannot have this look; nil when they can.
func (l Look) Check() error {
	_, err := l.make("")
	return err
}

func (l Look) make(base string) (*look, error) {
	if l.Brand.Name == "" {
		l.Brand.Name = defaultName
	}
	if l.Brand.Accent == "" {
		l.Brand.Accent = DefaultAccent
	}
	if err := l.Brand.check(); err != nil {
		return nil, err
	}
	spoken, err := loadLanguages(l.Messages)
	if err != nil {
		return nil, err
	}
	made := &look{Brand: l.Brand, Scopes: l.Scopes, languages: spoken, files: map[string]file{}, scripts: map[string]string{}}
	if err := made.addFiles(base + web.PathStatic); err != nil {
		return nil, err
	}
	return made, nil
}

// HasFoot reports whether anything stands at the foot of a page.
func (b Brand) HasFoot() bool {
	return b.Footer != "" || b.SupportURL != "" || b.PrivacyURL != "" || b.TermsURL != ""
}

func (b Brand) check() error {
	if utf8.RuneCountInString(b.Name) > maxName {
		return fmt.Errorf("the name is longer than %d characters", maxName)
	}
	if err := CheckAccent(b.Accent); err != nil {
		return err
	}
	if u, err := url.Parse(b.SupportURL); err != nil || b.SupportURL != "" && u.Scheme != "https" && u.Scheme != "mailto" {
		return fmt.Errorf("the support address %q is neither https nor mailto", b.SupportURL)
	}
	for name, address := range map[string]string{"privacy": b.PrivacyURL, "terms": b.TermsURL} {
		if u, err := url.Parse(address); err != nil || address != "" && (u.Scheme != "https" || u.Host == "") {
			return fmt.Errorf("the %s address %q is not an https URL", name, address)
		}
	}
	if len(b.Logo) > maxLogo {
		return fmt.Errorf("the logo is larger than %d KB", maxLogo>>10)
	}
	return nil
}
