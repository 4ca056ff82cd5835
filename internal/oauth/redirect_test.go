package oauth_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

func TestA02_A05_A06_RedirectURIsAreComparedByteForByte(t *testing.T) {
	t.Parallel()
	c := oauth.Client{Type: oauth.AppWeb, RedirectURIs: []string{"https://app/cb"}}
	if !c.Owns("https://app/cb") {
		t.Fatal("the registered URI itself is refused")
	}
	for _, uri := range []string{
		"https://app/cb/../evil", "https://app/cb/..;/x", "https://app/cb%2f..%2f", "https://app/cb/", "https://app/CB",
		"https://app//cb", "HTTPS://app/cb", "https://APP/cb", "https://app/cb?x=1", "https://app/cb?", "https://app/cb#x", "https://app/cb#",
		"https://app:443/cb", "https://app:8443/cb", "https://app:0443/cb", "https://app:99999/cb", "https://app@evil/cb",
		"https://app.evil/cb", "", " https://app/cb", "https://app/cb\n",
	} {
		t.Run(fmt.Sprintf("%q", uri), func(t *testing.T) {
			if c.Owns(uri) {
				t.Errorf("%q is accepted", uri)
			}
		})
	}
}

func TestA07_A09_OnlyANativeLoopbackMayVaryItsPort(t *testing.T) {
	t.Parallel()
	native := oauth.Client{Type: oauth.AppNative, RedirectURIs: []string{"http://127.0.0.1/cb", "http://[::1]:1234/cb?a=b", "https://127.0.0.2/cb"}}
	for uri, want := range map[string]bool{
		"http://127.0.0.1/cb":           true,
		"http://127.0.0.1:51004/cb":     true,
		"http://127.0.0.1:1/cb":         true,
		"http://[::1]/cb?a=b":           true,
		"http://[::1]:65535/cb?a=b":     true,
		"http://127.0.0.1:0/cb":         false,
		"http://127.0.0.1:051004/cb":    false,
		"http://127.0.0.1:65536/cb":     false,
		"http://127.0.0.1:/cb":          false,
		"http://127.0.0.1:51004/cb/":    false,
		"http://127.0.0.1:51004/other":  false,
		"http://127.0.0.1:51004/cb?x=1": false,
		"http://127.0.0.1:51004@evil/":  false,
		"http://127.0.0.1.evil:80/cb":   false,
		"http://localhost:51004/cb":     false,
		"https://127.0.0.2:444/cb":      false,
		"https://127.0.0.1:51004/cb":    false,
		"http://[::1]:1234/cb":          false,
	} {
		t.Run(uri, func(t *testing.T) {
			if got := native.Owns(uri); got != want {
				t.Errorf("Owns(%q) = %v, want %v", uri, got, want)
			}
		})
	}
	web := native
	web.Type = oauth.AppWeb
	if web.Owns("http://127.0.0.1:51004/cb") {
		t.Error("a web client may vary the port")
	}
}

func TestA12_A13_WhatMayBeRegistered(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]bool{
		"https://app.example/cb":                 true,
		"https://app.example/cb?x=1":             true,
		"http://127.0.0.1/cb":                    true,
		"http://[::1]/cb":                        true,
		"http://localhost:3000/cb":               true,
		"com.example.app:/cb":                    true,
		"http://app.example/cb":                  false,
		"http://app.localhost:3000/cb":           true,
		"http://a.b.localhost/cb":                true,
		"http://.localhost/cb":                   false,
		"http://a..localhost/cb":                 false,
		"http://localhost.evil.example/cb":       false,
		"http://notlocalhost/cb":                 false,
		"http://app.localhost.:3000/cb":          false,
		"vscode://publisher.extension/cb":        true, // where the operator allows vscode: see package registry
		"javascript:alert(1)":                    false,
		"JavaScript:alert(1)":                    false,
		"view-source:https://x":                  false,
		"intent://x":                             false,
		"mailto:a@b.example":                     false,
		"data:text/html,x":                       false,
		"vbscript:x":                             false,
		"file:///etc/passwd":                     false,
		"https://app.example/cb#x":               false,
		"https://app.example/cb#":                false,
		"https://*.example/cb":                   false,
		"https://user:pw@app.example/cb":         false,
		"https:///cb":                            false,
		"/cb":                                    false,
		"":                                       false,
		"https://app.example/\x00":               false,
		"https://a/" + strings.Repeat("x", 2000): false,
	} {
		t.Run(uri, func(t *testing.T) {
			if err := oauth.CheckRedirectURI(uri); (err == nil) != want {
				t.Errorf("CheckRedirectURI(%.60q) = %v, want ok %v", uri, err, want)
			}
		})
	}
}

func TestWhereAnAnswerGoes(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]struct {
		web   bool
		plain string
	}{
		"https://app.example/cb":    {true, ""},
		"https://localhost/cb":      {false, ""},
		"https://app.localhost/cb":  {false, ""},
		"https://127.0.0.1:8443/cb": {false, ""},
		"http://127.0.0.1/cb":       {false, ""},
		"http://app.localhost/cb":   {false, ""},
		"com.example.app:/cb":       {false, ""},
		"vscode://x/cb":             {false, "vscode"},
		"VSCode://x/cb":             {false, "vscode"},
	} {
		if web, plain := oauth.IsWebRedirect(uri), oauth.PlainScheme(uri); web != want.web || plain != want.plain {
			t.Errorf("%s: web %v, plain scheme %q", uri, web, plain)
		}
	}
}

func FuzzOwns(f *testing.F) {
	f.Add("http://127.0.0.1:80/cb")
	f.Add("http://[::1]:80/cb")
	f.Add("http://127.0.0.1:80@evil/cb")
	c := oauth.Client{Type: oauth.AppNative, RedirectURIs: []string{"http://127.0.0.1/cb"}}
	f.Fuzz(func(t *testing.T, uri string) {
		if !c.Owns(uri) {
			return
		}
		port, ok := strings.CutSuffix(strings.TrimPrefix(uri, "http://127.0.0.1"), "/cb")
		if !ok || strings.Trim(port, ":0123456789") != "" || len(port) > 6 {
			t.Fatalf("accepted %q", uri)
		}
	})
}
