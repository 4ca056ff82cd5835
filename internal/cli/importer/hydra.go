package importer

import (
	"cmp"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// hydraClient holds the members of a client of Ory Hydra that are read, by the names of its admin API and of its table
// hydra_client.
type hydraClient struct {
	ID            string      `json:"client_id"`
	RowID         string      `json:"id"` // of the table in earlier releases
	Name          string      `json:"client_name"`
	Secret        secret.Text `json:"client_secret"`
	RedirectURIs  hydraList   `json:"redirect_uris"`
	PostLogout    hydraList   `json:"post_logout_redirect_uris"`
	GrantTypes    hydraList   `json:"grant_types"`
	Scope         string      `json:"scope"`
	Audience      hydraList   `json:"audience"`
	Method        string      `json:"token_endpoint_auth_method"`
	SkipConsent   bool        `json:"skip_consent"`
	Strategy      string      `json:"access_token_strategy"`
	CodeAccess    hydraLife   `json:"authorization_code_grant_access_token_lifespan"`
	ServiceAccess hydraLife   `json:"client_credentials_grant_access_token_lifespan"`
	Refresh       hydraLife   `json:"refresh_token_grant_refresh_token_lifespan"`

	// Members without a counterpart here.
	BackChannel     string          `json:"backchannel_logout_uri"`
	FrontChannel    string          `json:"frontchannel_logout_uri"`
	SubjectType     string          `json:"subject_type"`
	SecretExpires   int64           `json:"client_secret_expires_at"`
	UserinfoAlg     string          `json:"userinfo_signed_response_alg"`
	RequestAlg      string          `json:"request_object_signing_alg"`
	RequestURIs     hydraList       `json:"request_uris"`
	Metadata        json.RawMessage `json:"metadata"`
	RotatedSecrets  json.RawMessage `json:"rotated_secrets"`
	CodeRefresh     hydraLife       `json:"authorization_code_grant_refresh_token_lifespan"`
	RefreshedAccess hydraLife       `json:"refresh_token_grant_access_token_lifespan"`
}

// LogValue hides the secret from slog.
func (h hydraClient) LogValue() slog.Value { return slog.StringValue("client " + h.ID) }

// hydraList is a list: an array in the API, text with | between the values in older tables.
type hydraList []string

// UnmarshalJSON implements json.Unmarshaler.
func (l *hydraList) UnmarshalJSON(raw []byte) error {
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		*l = list
		return nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	for value := range strings.SplitSeq(text, "|") {
		if value != "" {
			*l = append(*l, value)
		}
	}
	return nil
}

// hydraLife is a duration in seconds: text such as 1h0m0s in the API, nanoseconds in the table.
type hydraLife int64

// duration returns the duration. A negative one means for ever; the server's default replaces it.
func (l hydraLife) duration() time.Duration { return max(time.Duration(l), 0) * time.Second }

// UnmarshalJSON implements json.Unmarshaler.
func (l *hydraLife) UnmarshalJSON(raw []byte) error {
	var nanos *int64
	if json.Unmarshal(raw, &nanos) == nil {
		if nanos != nil {
			*l = hydraLife(*nanos / int64(time.Second))
		}
		return nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil || text == "" {
		return err
	}
	life, err := time.ParseDuration(text)
	if err != nil {
		*l = unreadLife
		return nil //nolint:nilerr // one unreadable duration must not lose the client
	}
	*l = hydraLife(life / time.Second)
	return nil
}

// unreadLife stands for a duration of unknown form.
const unreadLife hydraLife = -1 << 62

// errNoHydra is the error about a file of another kind.
var errNoHydra = errors.New("is not an export of Hydra; hint: oauth2d client import --help shows what is read")

// readHydra reads clients of Ory Hydra: single objects, and pages with items.
func readHydra(values []json.RawMessage) ([]candidate, error) {
	var found []candidate
	for i, value := range values {
		var page struct {
			Items   []json.RawMessage `json:"items"`
			Clients []json.RawMessage `json:"clients"`
			Realm   *string           `json:"realm"`
		}
		err := json.Unmarshal(value, &page)
		switch {
		case err != nil || page.Realm != nil || page.Clients != nil:
			return nil, errNoHydra
		case page.Items == nil:
			page.Items = []json.RawMessage{value}
		}
		for j, one := range page.Items {
			c, err := hydraCandidate(one, "entry "+strconv.Itoa(max(i, j)+1))
			if err != nil {
				return nil, err
			}
			found = append(found, c)
		}
	}
	return found, nil
}

// hydraCandidate reads one client. A malformed client is returned as unread, so that the others can be read.
func hydraCandidate(raw json.RawMessage, place string) (candidate, error) {
	var h hydraClient
	if err := json.Unmarshal(raw, &h); err != nil {
		return unread(cmp.Or(h.ID, place), misshapen(err)), nil
	}
	if h.ID == "" && (h.RowID == "" || h.GrantTypes == nil) {
		return candidate{}, errNoHydra
	}
	return h.candidate(), nil
}

func (h hydraClient) candidate() candidate {
	var c candidate
	m := &c.client.Client
	m.ID, m.Name, m.Method = oauth.ClientID(cmp.Or(h.ID, h.RowID)), h.Name, oauth.AuthMethod(h.Method)
	m.Audience = h.Audience
	c.setSkipConsent(h.SkipConsent)
	var scopes oauth.Scopes
	for _, scope := range strings.Fields(h.Scope) {
		if scope == "offline" { // Hydra's other name for it
			scope = "offline_access"
		}
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	m.Scopes = scopes
	if h.Method != "" && !slices.Contains(supported().AuthMethods, h.Method) {
		c.skip = "it authenticates by " + h.Method + ", which is not served"
	}
	if h.Method != "none" {
		c.setSecret(h.Secret.Reveal())
	}
	c.setGrants(h.GrantTypes)
	if slices.Contains(m.GrantTypes, "authorization_code") {
		c.setRedirects(h.RedirectURIs, h.PostLogout)
	}
	if h.Strategy == "jwt" {
		m.Format = oauth.FormatJWT
	}
	h.lifetimes(&c)
	h.losses(&c)
	return c
}

func (h hydraClient) lifetimes(c *candidate) {
	m := &c.client.Client
	access := h.CodeAccess
	if access == 0 || !slices.Contains(m.GrantTypes, "authorization_code") {
		access = h.ServiceAccess
	}
	for _, life := range []hydraLife{access, h.Refresh} {
		if life == unreadLife {
			c.lose("a lifespan is not a time such as 1h0m0s")
		}
	}
	m.Lifetimes.Access = access.duration()
	m.Lifetimes.RefreshIdle = h.Refresh.duration()
	for name, other := range map[string]hydraLife{
		"authorization_code_grant_refresh_token_lifespan": h.CodeRefresh, "refresh_token_grant_access_token_lifespan": h.RefreshedAccess,
	} {
		if other > 0 && other != access && other != h.Refresh {
			c.lose("%s is not kept: there is one life of access and one of refresh tokens", name)
		}
	}
}

// losses notes the parts that have no counterpart here.
func (h hydraClient) losses(c *candidate) {
	isSet := func(raw json.RawMessage) bool {
		return !slices.Contains([]string{"", "null", "{}", "[]", `""`, `"{}"`, `"[]"`}, strings.TrimSpace(string(raw)))
	}
	for _, one := range []struct {
		is   bool
		what string
	}{
		{h.BackChannel != "", "the back-channel logout URI " + h.BackChannel + " is not taken"},
		{h.FrontChannel != "", "the front-channel logout URI " + h.FrontChannel + " is not taken"},
		{h.SubjectType == "pairwise", "subject_type pairwise is not served: it gets the same sub as every client"},
		{h.SecretExpires > 0, "client_secret_expires_at is not kept: its secret does not end by itself"},
		{h.UserinfoAlg != "" && h.UserinfoAlg != "none", "userinfo_signed_response_alg is not served: /userinfo answers JSON"},
		{h.RequestAlg != "" && h.RequestAlg != "none" || len(h.RequestURIs) > 0, "request objects are not served"},
		{isSet(h.Metadata), "its metadata have no place"},
		{isSet(h.RotatedSecrets), "its earlier secrets, which a rotation left valid, are not taken"},
	} {
		if one.is {
			c.lose("%s", one.what)
		}
	}
}
