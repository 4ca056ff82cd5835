package credentials

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

// receiver serves the redirect URI and the last page of one sign-in.
type receiver struct {
	issuer, state string
	back          chan returned // receives the first response with our state

	done  chan struct{} // closed when the sign-in is over
	err   error         // why it failed; set before done is closed
	shown chan struct{} // closed when the last page was sent
	once  sync.Once
}

func newReceiver(issuer, state string) *receiver {
	return &receiver{
		issuer: issuer, state: state, back: make(chan returned, 1), done: make(chan struct{}), shown: make(chan struct{}),
	}
}

// lastPage is the path of the page that shows the result of the sign-in.
const lastPage = "/done"

// lastPageTime bounds the wait for the browser to read the last page. The tokens are here already.
const lastPageTime = 2 * time.Second

// routes returns the handlers of the callback and of the last page. The callback redirects, so that the code stays
// neither in the address bar nor in the browser's history (RFC 9700 §4.2.4).
func (a *receiver) routes() http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("GET "+CallbackPath, func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		if subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(a.state)) != 1 {
			writePage(w, http.StatusBadRequest, closing{
				Title: "Unexpected answer", Text: "This answer does not belong to the current sign-in. Start again at the terminal.",
			})
			return
		}
		select {
		case a.back <- resultOf(query, a.issuer):
		default: // a repeated request
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
			shown = closing{Title: "Nobody was signed in", Text: "The terminal shows the reason. You can close this window."}
		}
		writePage(w, http.StatusOK, shown)
		a.once.Do(func() { close(a.shown) })
	})
	return routes
}

// finish lets the last page show the result, and waits for the browser to read it, at most lastPageTime.
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

// closing is the content of a page of the receiver.
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
	_, _ = w.Write(body.Bytes()) // the browser may have disconnected
}
