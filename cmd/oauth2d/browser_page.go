package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"sync"
	"time"
)

// receiver shows the pages that the browser comes back to. It is for one sign-in.
type receiver struct {
	issuer, state string
	back          chan returned // gets the first answer that carries our state

	done  chan struct{} // closed when the sign-in ended
	err   error         // why it failed; set before done is closed
	shown chan struct{} // closed when the last page was sent
	once  sync.Once
}

func newReceiver(issuer, state string) *receiver {
	return &receiver{
		issuer: issuer, state: state, back: make(chan returned, 1), done: make(chan struct{}), shown: make(chan struct{}),
	}
}

// lastPage is where the browser reads how the sign-in ended.
const lastPage = "/done"

// lastPageTime is how long the command waits for the browser to read it. The tokens are there already.
const lastPageTime = 2 * time.Second

// routes serves the callback and the last page. The callback redirects, so that the code stands neither in the
// address bar nor in the browser's history (RFC 9700 §4.2.4).
func (a *receiver) routes() http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("GET "+callback, func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		if subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(a.state)) != 1 {
			writePage(w, http.StatusBadRequest, closing{
				Title: "Not the answer we wait for", Text: "This does not belong to the sign-in that is under way. Start again at the terminal.",
			})
			return
		}
		select {
		case a.back <- resultOf(query, a.issuer):
		default: // the browser asked twice
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Location", lastPage)
		w.WriteHeader(http.StatusSeeOther)
	})
	routes.HandleFunc("GET "+lastPage, func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-a.done:
		case <-r.Context().Done():
			return
		}
		shown := closing{Title: "You are signed in", Text: "You can close this window and go back to the terminal.", Good: true}
		if a.err != nil {
			shown = closing{Title: "Nobody was signed in", Text: "The terminal says why. You can close this window."}
		}
		writePage(w, http.StatusOK, shown)
		a.once.Do(func() { close(a.shown) })
	})
	return routes
}

// finish lets the last page say how the sign-in ended, and waits a moment for the browser to read it.
func (a *receiver) finish(err error) {
	a.err = err
	close(a.done)
	timeout := time.NewTimer(lastPageTime)
	defer timeout.Stop()
	select {
	case <-a.shown:
	case <-timeout.C:
	}
}

// closing is what a page of the receiver says.
type closing struct {
	Title, Text string
	Good        bool
	Style       template.CSS
}

//go:embed browser_page.html
var pageText string

//go:embed browser_page.css
var pageStyle string

func writePage(w http.ResponseWriter, status int, shown closing) {
	shown.Style = template.CSS(pageStyle) //nolint:gosec // a file of ours
	parsed, err := template.New("page").Parse(pageText)
	var body bytes.Buffer
	if err == nil {
		err = parsed.Execute(&body, shown)
	}
	if err != nil {
		body.WriteString(shown.Title + ". " + shown.Text)
	}
	sum := sha256.Sum256([]byte(pageStyle))
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; img-src data:; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // a browser that went away needs no page
}
