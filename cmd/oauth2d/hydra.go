package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"time"
)

// hydraClient is what we read of a client of Ory Hydra, by the names of its admin API and of its
// table hydra_client.
type hydraClient struct {
	ID            string    `json:"client_id"`
	RowID         string    `json:"id"` // of the table in earlier releases
	Name          string    `json:"client_name"`
	Secret        string    `json:"client_secret"`
	RedirectURIs  hydraList `json:"redirect_uris"`
	PostLogout    hydraList `json:"post_logout_redirect_uris"`
	GrantTypes    hydraList `json:"grant_types"`
	Scope         string    `json:"scope"`
	Audience      hydraList `json:"audience"`
	Method        string    `json:"token_endpoint_auth_method"`
	SkipConsent   bool      `json:"skip_consent"`
	Strategy      string    `json:"access_token_strategy"`
	CodeAccess    hydraLife `json:"authorization_code_grant_access_token_lifespan"`
	ServiceAccess hydraLife `json:"client_credentials_grant_access_token_lifespan"`
	Refresh       hydraLife `json:"refresh_token_grant_refresh_token_lifespan"`
}

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

// hydraLife is a time in seconds: text such as 1h0m0s in the API, nanoseconds in the table.
type hydraLife int64

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
	*l = hydraLife(life / time.Second)
	return err
}

// readHydra reads clients of Ory Hydra.
func readHydra(raw []byte) ([]candidate, error) {
	clients, err := hydraClients(raw)
	if err != nil {
		return nil, errors.New("is not an export of Hydra; hint: oauth2d client import --help tells what is read")
	}
	var found []candidate
	for _, h := range clients {
		found = append(found, h.candidate())
	}
	return found, nil
}

// hydraClients takes an array, a page with items, one object, or one object a line.
func hydraClients(raw []byte) ([]hydraClient, error) {
	var all []hydraClient
	if json.Unmarshal(raw, &all) == nil {
		return all, nil
	}
	for d := json.NewDecoder(bytes.NewReader(raw)); ; {
		var one struct {
			Items []hydraClient `json:"items"`
			hydraClient
		}
		err := d.Decode(&one)
		switch {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		case one.Items != nil:
			all = append(all, one.Items...)
		case one.ID == "" && (one.RowID == "" || one.GrantTypes == nil):
			return nil, errors.New("no client")
		default:
			all = append(all, one.hydraClient)
		}
	}
}

func (h hydraClient) candidate() candidate {
	var c candidate
	m := &c.client.ClientMetadata
	c.client.ID, m.Name = first(h.ID, h.RowID), h.Name
	m.Method, m.RedirectURIs, m.PostLogoutURIs = h.Method, h.RedirectURIs, h.PostLogout
	m.Scope, m.Audience, m.SkipConsent = strings.Join(strings.Fields(h.Scope), " "), h.Audience, h.SkipConsent
	switch h.Method {
	case "", "client_secret_basic", "client_secret_post", "none":
	default:
		c.skip = "it proves itself by " + h.Method + ", which is not served"
	}
	if h.Method != "none" {
		c.setSecret(h.Secret)
	}
	c.setGrants(h.GrantTypes)
	if !slices.Contains(m.GrantTypes, "authorization_code") {
		m.RedirectURIs, m.PostLogoutURIs = nil, nil
	}
	if slices.ContainsFunc(m.RedirectURIs, isLoopback) {
		m.Type = "native"
	}
	if h.Strategy == "jwt" {
		m.Format = "jwt"
	}
	m.Lifetimes.Access = int64(h.CodeAccess)
	if m.Lifetimes.Access == 0 || !slices.Contains(m.GrantTypes, "authorization_code") {
		m.Lifetimes.Access = int64(h.ServiceAccess)
	}
	if h.Refresh > 0 { // less means for ever
		m.Lifetimes.RefreshIdle = int64(h.Refresh)
	}
	return c
}
