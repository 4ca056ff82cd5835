package console

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// OneTimeSecret is a secret that is shown once and exists nowhere else.
type OneTimeSecret struct {
	done   string // the change that was made: "client planner is registered"
	what   string // "its secret"
	remedy string // the way to get another one
}

// ClientSecret describes the generated secret of a client; done is the change: "is registered".
func ClientSecret(id, done string) OneTimeSecret {
	return OneTimeSecret{
		done: "client " + id + " " + done, what: "its secret",
		remedy: "oauth2d client rotate-secret " + id + " --overlap 0 makes another one",
	}
}

// UserPassword describes the generated password of a user; done is the change: "is there".
func UserPassword(name, done string) OneTimeSecret {
	return OneTimeSecret{
		done: "user " + name + " " + done, what: "the password",
		remedy: "oauth2d user set-password " + name + " --generate makes another one",
	}
}

// lost returns the error about a secret that could not be written, although the change was made; nil when err is nil.
func (i OneTimeSecret) lost(err error) error {
	if err == nil {
		return nil
	}
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err
	}
	return &LostSecretError{&exit.Error{
		Code: exit.Failed, Hint: i.remedy, Err: fmt.Errorf("%s, but %s could not be written and is lost: %w", i.done, i.what, err),
	}}
}

// LostSecretError is the error of a change that was made, but whose secret was lost.
type LostSecretError struct{ error }

func (e *LostSecretError) Unwrap() error { return e.error }

// Reveal prints a secret: alone on its line, or within the result for machines.
func (c *Console) Reveal(i OneTimeSecret, text secret.Text, result any) error {
	if c.Output != "table" {
		return i.lost(c.Print(result, Table{}))
	}
	_, err := fmt.Fprintln(c.Out, text.Reveal())
	return i.lost(err)
}
