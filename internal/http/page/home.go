package page

import "net/http"

// Home is the page of the issuer's own address: it says what this server is, and where to go on. With
// serve --dev it is the start page.
func (p *Pages) Home(w http.ResponseWriter, r *http.Request) error {
	if p.demo != nil {
		return p.start(w, r)
	}
	return p.draw(w, r, sheet{name: "home", status: http.StatusOK})
}
