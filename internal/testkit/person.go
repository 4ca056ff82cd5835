package testkit

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// Person is a user with a browser: it has cookies and forms and follows redirects, but has no JavaScript.
type Person struct {
	Name, Password string
	Client         *http.Client
}

// Page is an answer as a Person sees it.
type Page struct {
	Status   int
	URL      *url.URL
	Header   http.Header
	Body     string
	Location string // of a redirect that was not followed
}

// NewPerson returns the demo user with an empty browser.
func NewPerson(t testing.TB) *Person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Person{
		Name: "demo", Password: "demo-password",
		Client: &http.Client{
			Jar:           jar,
			Timeout:       20 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Get requests a page without following redirects.
func (p *Person) Get(t testing.TB, address string) Page {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return p.do(t, request)
}

// Follow requests a page and follows redirects as long as they stay on the origin of the page.
func (p *Person) Follow(t testing.TB, address string) Page {
	t.Helper()
	return p.follow(t, p.Get(t, address))
}

func (p *Person) follow(t testing.TB, page Page) Page {
	t.Helper()
	for hops := 0; page.Location != ""; hops++ {
		next, err := page.URL.Parse(page.Location)
		if err != nil || hops > 10 {
			t.Fatalf("redirect %d to %q: %v", hops, page.Location, err)
		}
		if next.Host != page.URL.Host {
			return page
		}
		page = p.Get(t, next.String())
	}
	return page
}

// Submit posts the page's first form with its hidden fields and the fields of the caller. It follows redirects on the
// same origin.
func (p *Person) Submit(t testing.TB, page Page, fields map[string]string) Page {
	t.Helper()
	return p.follow(t, p.Post(t, page, fields))
}

// Post does what Submit does, without following redirects.
func (p *Person) Post(t testing.TB, page Page, fields map[string]string) Page {
	t.Helper()
	action, form, ok := FirstForm(page)
	if !ok {
		t.Fatalf("no form on %s (%d):\n%s", page.URL, page.Status, page.Body)
	}
	for name, value := range fields {
		form.Set(name, value)
	}
	target, err := page.URL.Parse(action)
	if err != nil {
		t.Fatal(err)
	}
	return p.PostForm(t, target.String(), form)
}

// PostForm sends a form as a browser on the same origin does.
func (p *Person) PostForm(t testing.TB, address string, form url.Values) Page {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", request.URL.Scheme+"://"+request.URL.Host)
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	return p.do(t, request)
}

func (p *Person) do(t testing.TB, request *http.Request) Page {
	t.Helper()
	request.Header.Set("Accept", "text/html,*/*;q=0.8") // as browsers do
	response, err := p.Client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	location := response.Header.Get("Location")
	if found := refresh.FindStringSubmatch(string(body)); found != nil { // used when the address is too long for a header
		location = html.UnescapeString(found[1])
	}
	return Page{Status: response.StatusCode, URL: request.URL, Header: response.Header, Body: string(body), Location: location}
}

var refresh = regexp.MustCompile(`<meta http-equiv="refresh" content="0;url=([^"]*)">`)

// Authorize completes an authorization request: it signs in and consents where the pages ask for it. It returns the
// redirect that leaves the server's origin, or the page that shows an error.
func (p *Person) Authorize(t testing.TB, address string) Page {
	t.Helper()
	page := p.Follow(t, address)
	if strings.Contains(page.Body, `name="password"`) {
		page = p.Submit(t, page, map[string]string{"username": p.Name, "password": p.Password})
	}
	if strings.Contains(page.Body, `value="allow"`) {
		page = p.Submit(t, page, map[string]string{"decision": "allow"})
	}
	return page
}

// Query returns the parameters of a redirect that left the server's origin.
func (p Page) Query(t testing.TB) url.Values {
	t.Helper()
	u, err := url.Parse(p.Location)
	if err != nil || p.Location == "" {
		t.Fatalf("no redirect: status %d, location %q\n%s", p.Status, p.Location, Text(p.Body))
	}
	return u.Query()
}

// FirstForm returns the action, and the hidden and preset fields, of a page's first form.
func FirstForm(page Page) (action string, fields url.Values, ok bool) {
	root, err := html.Parse(strings.NewReader(page.Body))
	if err != nil {
		return "", nil, false
	}
	form := find(root, "form")
	if form == nil {
		return "", nil, false
	}
	fields = url.Values{}
	for node := range form.Descendants() {
		if node.Data == "input" && attr(node, "name") != "" && attr(node, "type") != "submit" {
			fields.Set(attr(node, "name"), attr(node, "value"))
		}
	}
	return attr(form, "action"), fields, true
}

func find(root *html.Node, tag string) *html.Node {
	for node := range root.Descendants() {
		if node.Type == html.ElementNode && node.Data == tag {
			return node
		}
	}
	return nil
}

func attr(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

var tags = regexp.MustCompile(`<[^>]*>|\s+`)

// Text returns the text of a page, for failure messages.
func Text(body string) string { return tags.ReplaceAllString(body, " ") }
