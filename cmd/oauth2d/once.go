package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"
)

// checkedWriter remembers the first error of a writer. Many places print without looking at the error:
// a command whose result was not written must not end as if it was.
type checkedWriter struct {
	to  io.Writer
	err error
}

// Write implements io.Writer.
func (w *checkedWriter) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	if err != nil && w.err == nil {
		w.err = err
	}
	return n, err
}

// closedByReader reports whether the reader went away, as head does when it has seen enough.
func (w *checkedWriter) closedByReader() bool { return errors.Is(w.err, syscall.EPIPE) }

// issued is a secret that is shown once and exists nowhere else.
type issued struct {
	done   string // the change that was made: "client planner is registered"
	what   string // "its secret"
	remedy string // how to get another one
}

// ofClient is the generated secret of a client.
func ofClient(id, done string) issued {
	return issued{
		done: "client " + id + " " + done, what: "its secret",
		remedy: "oauth2d client rotate-secret " + id + " --overlap 0 makes another one",
	}
}

// ofUser is the generated password of a user.
func ofUser(name, done string) issued {
	return issued{
		done: "user " + name + " " + done, what: "the password",
		remedy: "oauth2d user set-password " + name + " --generate makes another one",
	}
}

// lost is the failure to write the secret. The change was made all the same.
func (i issued) lost(err error) error {
	if err == nil {
		return nil
	}
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err
	}
	return &lostSecretError{&problem{
		code: exitFailed, hint: i.remedy, err: fmt.Errorf("%s, but %s could not be written and is lost: %w", i.done, i.what, err),
	}}
}

// lostSecretError is a change that was made, of which the secret was lost.
type lostSecretError struct{ error }

func (e *lostSecretError) Unwrap() error { return e.error }

// reveal writes a secret: alone on its line, or within the result for machines.
func (s *shared) reveal(i issued, secret string, result any) error {
	if s.output != "table" {
		return i.lost(s.print(result, table{}))
	}
	_, err := fmt.Fprintln(s.out, secret)
	return i.lost(err)
}
