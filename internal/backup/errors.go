package backup

import (
	"errors"
	"fmt"
	"io"
)

// The reasons why an archive is refused.
var (
	ErrNoKey    = errors.New("it is encrypted: give its identity file or its passphrase")
	ErrOtherKey = errors.New("it is encrypted to another key or with another passphrase")
	ErrForeign  = errors.New("it is not a backup of oauth2d")
	ErrFormat   = errors.New("another version of oauth2d wrote it")
	ErrCut      = errors.New("it is truncated: the copy or the upload ended early; use another copy")
	ErrDamaged  = errors.New("it is damaged or cut short; use another copy")
)

// damage returns the reason behind an error of reading an archive. unread is the error of the destination, if it failed.
func damage(err, unread error) error {
	if unread != nil {
		return fmt.Errorf("it cannot be read: %w", unread)
	}
	for _, known := range []error{ErrNoKey, ErrOtherKey, ErrForeign, ErrFormat, ErrCut, ErrDamaged} {
		if errors.Is(err, known) {
			return err
		}
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return ErrCut
	}
	return fmt.Errorf("%w (%w)", ErrDamaged, err)
}

// refusal is the error of an archive that is not used.
type refusal struct{ err error }

// Error implements error.
func (r *refusal) Error() string { return r.err.Error() }

// Unwrap returns the reason.
func (r *refusal) Unwrap() error { return r.err }

// Refused reports whether an error is about an archive that was refused before anything was changed.
func Refused(err error) bool {
	_, is := errors.AsType[*refusal](err)
	return is
}
