package adminapi

import (
	"bytes"
	"io"
	"slices"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/http/web"
)

// memberOf finds the member that a refusal begins with.
func memberOf(description string) string {
	word, _, _ := strings.Cut(description, " ")
	members := []string{
		"client_id", "client_name", "client_secret", "client_secret_hash", "token_endpoint_auth_method", "application_type",
		"grant_types", "redirect_uris", "scope", "before",
	}
	if slices.Contains(members, word) {
		return word
	}
	return ""
}

// kept is a body that is read more than once.
type kept []byte

// keepPatch keeps the body, and refuses a patch that could be applied to nothing, whatever is there:
// into is only tried on.
func (c *call) keepPatch(into, defaults any) (kept, error) {
	raw, err := io.ReadAll(c.r.Body)
	if err != nil {
		return nil, web.ReadError(err)
	}
	kept(raw).rewind(c)
	return raw, c.patch(into, defaults)
}

func (k kept) rewind(c *call) { c.r.Body = io.NopCloser(bytes.NewReader(k)) }
