package signin

import (
	"slices"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Step is the next thing that a person has to do.
type Step string

// The steps, in their order.
const (
	// Password: type a user name and a password.
	Password Step = "password"
	// NewPassword: choose another password, because an operator requires it.
	NewPassword Step = "new_password"
	// Session: nothing is left to do. Begin starts the session.
	Session Step = "session"
)

// State is the progress of one sign-in.
type State struct {
	Account oauth.Account // of the user who signs in; the zero Account before a factor was proved
	Methods []string      // the factors that were proved, in the order of their use (RFC 8176)
}

// Next decides what a person has to do next. It is the only place that decides it. A new factor adds one
// case here.
func Next(s State) Step {
	switch {
	case !s.proved(oauth.AMRPassword):
		return Password
	case s.Account.User.MustChange:
		return NewPassword
	}
	return Session
}

func (s State) proved(method string) bool { return slices.Contains(s.Methods, method) }

// proof returns what the session, the grants and the tokens say about the sign-in.
func (s State) proof() oauth.Proof {
	return oauth.Proof{ACR: oauth.ACRPassword, AMR: slices.Clone(s.Methods)}
}
