package main

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// demoCallback is the demo's redirect URI at a port where nothing is likely to listen: the code is
// read out of the browser's address bar.
const demoCallback = "http://127.0.0.1:53682/callback"

// welcome tells a newcomer what to do with serve --dev.
func (s *shared) welcome(issuer, prefix string) {
	verifier := secret.NewToken(32)
	query := url.Values{
		"response_type": {"code"}, "client_id": {app.DemoPublicClient}, "redirect_uri": {demoCallback},
		"scope": {"openid profile read"}, "state": {secret.NewToken(9)},
		"code_challenge": {oauth.ChallengeOf(verifier)}, "code_challenge_method": {oauth.MethodS256},
	}
	fmt.Fprint(s.out, strings.NewReplacer(
		"{issuer}", issuer,
		"{base}", issuer+prefix,
		"{client}", app.DemoClient,
		"{secret}", app.DemoSecret,
		"{spa}", app.DemoPublicClient,
		"{admin}", app.DemoAdmin,
		"{adminsecret}", app.DemoAdminSecret,
		"{user}", app.DemoUser,
		"{password}", app.DemoPassword,
		"{authorize}", issuer+prefix+"/authorize?"+query.Encode(),
		"{callback}", demoCallback,
		"{verifier}", verifier,
	).Replace(welcomeText))
}

const welcomeText = `
oauth2d is running at {issuer}

  client  {client} / {secret}              authorization code, client credentials, refresh; introspects any token
  client  {spa}                        public: authorization code with PKCE, refresh
  client  {admin} / {adminsecret}  client credentials with admin:*
  person  {user} / {password}

  Everybody knows these secrets, and all is forgotten at exit: for trying out only.

A token for a service:

  curl -s -u {client}:{secret} -d grant_type=client_credentials -d scope=read {base}/token

What a token is worth (put it in place of TOKEN):

  curl -s -u {client}:{secret} -d token=TOKEN {base}/introspect

A person in a browser; sign in as {user} with {password}:

  {authorize}

The browser ends at {callback}?code=..., where nothing listens. Put the code in place of CODE:

  curl -s -d grant_type=authorization_code -d client_id={spa} -d redirect_uri={callback} -d code_verifier={verifier} -d code=CODE {base}/token

Ctrl-C stops it.

`
