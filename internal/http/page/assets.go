package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

//go:embed static
var staticFiles embed.FS

// The scripts. Both only spare a person a step; every page works without them.
const (
	scriptReveal = "reveal.js" // shows and hides the password
	scriptPost   = "post.js"   // presses the button of a form post
)

// cacheLife lets browsers keep a file for long: its name changes with its content.
const cacheLife = 365 * 24 * time.Hour

type file struct {
	kind string
	body []byte
}

// Static serves the style sheet, the scripts and the logo.
func (p *Pages) Static(w http.ResponseWriter, r *http.Request) error {
	name := path.Base(r.URL.Path)
	found, ok := p.look.Load().files[name]
	if !ok || r.URL.Path != p.o.Base+web.PathStatic+name {
		return oauth.Refuse(oauth.NotFound, "there is no such file", nil)
	}
	if found.kind == kindSVG {
		// An operator's drawing may style itself, and may do nothing else even when it is opened by
		// itself.
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	}
	web.Cacheable(w, cacheLife)
	web.Bytes(w, found.kind, found.body)
	return nil
}

const (
	kindCSS    = "text/css; charset=utf-8"
	kindScript = "text/javascript; charset=utf-8"
	kindSVG    = "image/svg+xml"
	kindPNG    = "image/png"
)

func (l *look) addFiles(prefix string) error {
	style, err := staticFiles.ReadFile("static/style.css")
	if err != nil {
		return err
	}
	l.style = prefix + l.add("style.css", kindCSS, append(style, accentRules(l.Accent)...))
	for _, name := range []string{scriptReveal, scriptPost} {
		body, err := staticFiles.ReadFile("static/" + name)
		if err != nil {
			return err
		}
		l.scripts[name] = prefix + l.add(name, kindScript, body)
	}
	name, kind, body, err := l.drawing()
	l.logo = prefix + l.add(name, kind, body)
	return err
}

// add keeps a file under a name that changes with its content.
func (l *look) add(name, kind string, body []byte) string {
	sum := sha256.Sum256(body)
	stem, ext, _ := strings.Cut(name, ".")
	named := stem + "." + hex.EncodeToString(sum[:6]) + "." + ext
	l.files[named] = file{kind: kind, body: body}
	return named
}

// drawing returns the operator's logo, or ours in the accent colour.
func (l *look) drawing() (name, kind string, body []byte, err error) {
	switch {
	case len(l.Logo) == 0:
		ours, err := staticFiles.ReadFile("static/logo.svg")
		return "logo.svg", kindSVG, bytes.ReplaceAll(ours, []byte(DefaultAccent), []byte(l.Accent)), err
	case bytes.HasPrefix(l.Logo, []byte("\x89PNG\r\n\x1a\n")):
		return "logo.png", kindPNG, l.Logo, nil
	case bytes.Contains(l.Logo[:min(len(l.Logo), 1024)], []byte("<svg")):
		return "logo.svg", kindSVG, l.Logo, nil
	}
	return "", "", nil, errors.New("the logo is neither an SVG nor a PNG file")
}
