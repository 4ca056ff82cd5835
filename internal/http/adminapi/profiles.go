package adminapi

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/profile"
)

// profile answers with a runtime profile of this daemon. It ends with the request: a caller that disconnects stops it, and
// it must be over before the time of the request is.
func (a *API) profile(c *call) error {
	kind := c.path("profile")
	if !profile.Known(kind) {
		return oauth.Refuse(oauth.NotFound, "there is no such profile", nil)
	}
	lasting := c.lasting(kind, a.o.Profiler.Below)
	if err := c.err(); err != nil {
		return err
	}
	raw, err := a.o.Profiler.Take(c.ctx(), kind, lasting)
	switch {
	case errors.Is(err, profile.ErrBusy):
		return oauth.Refuse(oauth.Conflict, "another profile is being taken; try again when it is over", err)
	case err != nil:
		return oauth.Unavailable(err)
	}
	header := c.w.Header()
	header.Set("Content-Type", "application/octet-stream")
	header.Set("Content-Disposition", `attachment; filename="`+kind+`.pb.gz"`)
	header.Set("Content-Length", strconv.Itoa(len(raw)))
	c.w.WriteHeader(http.StatusOK)
	_, _ = c.w.Write(raw) // the caller may have gone
	return nil
}

// lasting reads the time that a profile takes; 0 for one that describes a moment.
func (c *call) lasting(kind string, below time.Duration) time.Duration {
	switch {
	case !profile.Lasts(kind):
		if c.query.Has("seconds") {
			c.fault("seconds", "is not for this profile, which describes one moment")
		}
		return 0
	case !c.query.Has("seconds") && profile.Default < below:
		return profile.Default
	case !c.query.Has("seconds"):
		return below / 2
	}
	n, err := strconv.Atoi(c.query.Get("seconds"))
	lasting := time.Duration(n) * time.Second
	switch {
	case err != nil || n < 1 || n > int(profile.MaxTime/time.Second):
		c.fault("seconds", "is not a number from 1 to 60")
	case lasting >= below:
		c.fault("seconds", "is not below server.request_timeout")
	}
	return lasting
}
