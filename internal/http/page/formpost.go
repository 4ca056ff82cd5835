package page

import (
	"html/template"
	"net/http"
	"net/url"
	"slices"
)

// handover holds the data of the page that posts an answer to a client.
type handover struct {
	URI    template.URL
	Host   string
	Fields []field
}

type field struct{ Name, Value string }

// FormPost answers with a page that posts fields to a client by itself (OAuth 2.0 Form Post
// Response Mode). uri must be a redirect URI that was checked for that client. Without scripts the
// person presses a button.
func (p *Pages) FormPost(w http.ResponseWriter, r *http.Request, uri string, fields url.Values) error {
	shown := handover{URI: trusted(uri)}
	if u, err := url.Parse(uri); err == nil {
		shown.Host = u.Host
	}
	for name, values := range fields {
		for _, value := range values {
			shown.Fields = append(shown.Fields, field{name, value})
		}
	}
	slices.SortFunc(shown.Fields, func(a, b field) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return p.draw(w, r, sheet{name: "formpost", status: http.StatusOK, script: scriptPost, forms: targets(uri), data: shown})
}
