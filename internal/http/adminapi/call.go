package adminapi

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/recipe-web-app/oauth2d/internal/admin"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// call is one request of an authenticated operator.
type call struct {
	admin.Operator
	w      http.ResponseWriter
	r      *http.Request
	query  url.Values
	faults web.FaultErrors
}

func (c *call) ctx() context.Context { return c.r.Context() }

// fault records a mistake in a parameter or header.
func (c *call) fault(parameter, detail string) {
	c.faults = append(c.faults, adminwire.Fault{Parameter: parameter, Detail: detail})
}

// err returns a refusal when a mistake was recorded.
func (c *call) err() error { return refuseFaults(c.faults) }

func refuseFaults(faults web.FaultErrors) error {
	if len(faults) == 0 {
		return nil
	}
	return oauth.Refuse(oauth.InvalidRequest, "", faults)
}

// repeatable reports whether a parameter may occur several times.
func repeatable(name string) bool { return name == "event" }

// readQuery refuses unknown parameters: a misspelt filter would otherwise select too much.
func (c *call) readQuery(known []string) error {
	var err error
	if c.query, err = url.ParseQuery(c.r.URL.RawQuery); err != nil {
		return oauth.Refuse(oauth.InvalidRequest, "the query cannot be read", err)
	}
	for name, values := range c.query {
		switch {
		case !slices.Contains(known, name):
			c.fault(bounded(name), "there is no such parameter")
		case len(values) > 1 && !repeatable(name):
			c.fault(name, "occurs more than once")
		}
	}
	return c.err()
}

func bounded(name string) string { return string([]rune(name)[:min(len([]rune(name)), 100)]) }

// path returns an id from the path.
func (c *call) path(name string) string {
	text, err := url.PathUnescape(chi.URLParam(c.r, name))
	if err != nil || !hasForm(name, text) {
		c.fault(name, "is not a valid "+name)
		return ""
	}
	return text
}

// id returns an id from the query; "" when the parameter is missing.
func (c *call) id(name string) string {
	if !c.query.Has(name) {
		return ""
	}
	text := c.query.Get(name)
	if !hasForm(name, text) {
		c.fault(name, "is not a valid "+name)
	}
	return text
}

// time returns a time from the query; zero when the parameter is missing.
func (c *call) time(name string) time.Time {
	if !c.query.Has(name) {
		return time.Time{}
	}
	at, fault := parseTime(c.query.Get(name))
	if fault != "" {
		c.fault(name, fault)
	}
	return at
}

// parseTime refuses times before 1970: the zero time means that a bound is not set.
func parseTime(text string) (at time.Time, fault string) {
	at, err := time.Parse(time.RFC3339, text)
	switch {
	case err != nil || len(text) > 40:
		return time.Time{}, "is not a time of RFC 3339"
	case at.Unix() < 0:
		return time.Time{}, "lies before 1970"
	}
	return at.UTC(), ""
}

// dryRun reports whether to make all checks and no change.
func (c *call) dryRun() bool {
	if !c.query.Has("dry_run") {
		return false
	}
	wanted := c.query.Get("dry_run")
	if wanted != "true" && wanted != "false" {
		c.fault("dry_run", "is neither true nor false")
	}
	return wanted == "true"
}

const (
	defaultLimit = 50
	maxLimit     = 200
)

func (c *call) limit() int {
	if !c.query.Has("limit") {
		return defaultLimit
	}
	n, err := strconv.Atoi(c.query.Get("limit"))
	if err != nil || n < 1 || n > maxLimit {
		c.fault("limit", "is not a number from 1 to 200")
		return defaultLimit
	}
	return n
}

// revisionTag reads one revision in the form of an ETag.
func revisionTag(text string) (uint64, bool) {
	digits, quoted := strings.CutPrefix(text, `"`)
	digits, closed := strings.CutSuffix(digits, `"`)
	if !quoted || !closed || digits == "" || len(digits) > 20 || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || n == 0 {
		return 1<<64 - 1, true // a revision that no object has
	}
	return n, true
}

// match reads the conditions of a change (RFC 9110 §13.1).
func (c *call) match() admin.Match {
	var m admin.Match
	if tags := c.r.Header.Values("If-Match"); len(tags) > 0 {
		revision, ok := revisionTag(tags[0])
		m.There, m.Revision = true, revision
		if len(tags) > 1 || !ok && tags[0] != "*" {
			c.fault("If-Match", `is neither * nor one revision in quotes, such as "3"`)
		}
	}
	if tags := c.r.Header.Values("If-None-Match"); len(tags) > 0 {
		m.Absent = true
		if len(tags) != 1 || tags[0] != "*" {
			c.fault("If-None-Match", "is not *")
		}
		if m.There {
			c.fault("If-None-Match", "excludes If-Match")
		}
	}
	return m
}

// revision sets the ETag of the answer.
func (c *call) revision(n uint64) {
	c.w.Header().Set("ETag", `"`+strconv.FormatUint(n, 10)+`"`)
}

func (c *call) ok(v any) error { return web.JSON(c.w, v) }

// created answers with the new object and its location.
func (c *call) created(path string, v any) error {
	c.w.Header().Set("Location", Base+path)
	return web.JSONStatus(c.w, http.StatusCreated, v)
}

func (c *call) done() error {
	web.Empty(c.w, http.StatusNoContent)
	return nil
}
