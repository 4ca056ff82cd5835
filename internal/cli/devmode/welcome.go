package devmode

import (
	"fmt"
	"io"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/app"
)

// Welcome writes the first steps with a running server. prefix belongs to its endpoints, redirects to the reader's own
// app.
func Welcome(out io.Writer, issuer, prefix string, redirects []string) {
	own := "Your own app:\n\n  oauth2d serve --dev --redirect-uri http://localhost:3000/callback"
	if len(redirects) > 0 {
		own = "Your own app, which is called back at " + strings.Join(redirects, " and ") + ":\n\n  issuer     " + issuer +
			"\n  client id  " + app.DemoOwnClient + " (public, with PKCE), or " + app.DemoClient + " with its secret"
	}
	fmt.Fprint(out, strings.NewReplacer(
		"{issuer}", issuer,
		"{base}", issuer+prefix,
		"{client}", app.DemoClient,
		"{secret}", app.DemoSecret,
		"{spa}", app.DemoPublicClient,
		"{admin}", app.DemoAdmin,
		"{adminsecret}", app.DemoAdminSecret,
		"{user}", app.DemoUser,
		"{password}", app.DemoPassword,
		"{own}", own,
	).Replace(welcomeText))
}

const welcomeText = `
oauth2d is running. Open this page, sign in as {user} with {password}, and see the tokens that an app gets:

  {issuer}/

A token for a service:

  curl -s -u {client}:{secret} -d grant_type=client_credentials -d scope=read {base}/token

What a token is worth (put it in place of TOKEN):

  curl -s -u {client}:{secret} -d token=TOKEN {base}/introspect

A token for you, at the terminal, through the browser:

  oauth2d token get --browser --issuer {issuer} --client-id {spa} --scope "openid read"

{own}

  client  {client} / {secret}              authorization code, client credentials, refresh; introspects any token
  client  {spa}                        public: authorization code with PKCE, refresh
  client  {admin} / {adminsecret}  client credentials with admin:*
  person  {user} / {password}

Everybody knows these secrets, and all is forgotten at exit: for trying out only. Ctrl-C stops it.

`
