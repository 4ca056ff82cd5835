package outcome

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/quorum"
)

// The results.
const (
	OK          = "ok"
	Nil         = "nil"         // answered: it is not there
	Timeout     = "timeout"     // no answer in time, or the caller disconnected; the outcome is unknown
	Unreachable = "unreachable" // no connection, a lost one, or a server that is not ready
	ReadOnly    = "readonly"    // the server may not take writes now
	OOM         = "oom"         // the server's memory is full
	Misconf     = "misconf"     // the server cannot save to disk, and takes no writes until it can
	NoScript    = "noscript"
	NoPerm      = "noperm"      // refused by password or ACL
	Unconfirmed = "unconfirmed" // executed, perhaps, but it might be lost; the outcome is unknown
	NoMaster    = "nomaster"    // there is no master that may serve; nothing was sent
	Failed      = "error"
)

// Why a request has no answer.
var (
	// ErrUnanswered: the command was never sent, or no reply to it arrived.
	ErrUnanswered = errors.New("the server did not answer")
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("the connection is closed")
	// ErrNoMaster: nothing was sent, because there is no master that may be written to or read now.
	ErrNoMaster = errors.New("the Sentinels do not agree on a master that may serve now")
	// ErrDataLost: nothing is served, because the data that this daemon knew is gone (I11).
	ErrDataLost = errors.New("the data set is not the one that was there before; an operator must look at it, " +
		"and then restart this daemon")
)

// Error means that Redis could not be asked. The write it belongs to may or may not have been carried out (I12).
type Error struct {
	Verb   string // the question or the change
	Result string // one of the results
	Cause  error
}

// Error implements error. It holds no value, no password and no live credential.
func (e *Error) Error() string {
	return "redis: " + e.Verb + ": " + e.Result + ": " + e.Cause.Error()
}

// Unwrap returns the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Cause }

// Unknown reports whether the write may have been carried out all the same.
func (e *Error) Unknown() bool { return Unknown(e.Result) }

// Unknown reports whether a write with this result may have been carried out.
func Unknown(result string) bool {
	return !slices.Contains([]string{ReadOnly, OOM, Misconf, NoScript, NoPerm, NoMaster}, result)
}

// Refusal returns the result of an error when it means that Redis received changes and did not carry them out, or not
// certainly; "" for another failure.
func Refusal(err error) string {
	result := Of(err)
	if slices.Contains([]string{Misconf, OOM, ReadOnly, NoPerm, Unconfirmed, NoMaster}, result) {
		return result
	}
	return ""
}

// Unserved reports whether a request came to a node that does not serve now.
func Unserved(err error) bool {
	return slices.Contains([]string{Unreachable, Timeout, ReadOnly}, Of(err))
}

// codes maps the beginning of an error reply to its result. The same words stand after a dash inside the
// reply of a script on Redis 6.2.
var codes = []struct{ code, result string }{
	{"READONLY ", ReadOnly},
	{"NOREPLICAS ", ReadOnly},
	{"OOM ", OOM},
	{"MISCONF ", Misconf},
	{"NOSCRIPT ", NoScript},
	{"NOPERM ", NoPerm},
	{"NOAUTH ", NoPerm},
	{"WRONGPASS ", NoPerm},
	{"ERR The user executing the script", NoPerm}, // Redis up to 7
	{"ERR ACL failure in script", NoPerm},         // Valkey, and later ones
	{"LOADING ", Unreachable},
	{"MASTERDOWN ", Unreachable},
	{"CLUSTERDOWN ", Unreachable},
	{"TRYAGAIN ", Unreachable},
}

// Of returns the result that an error stands for.
func Of(err error) string {
	switch {
	case err == nil:
		return OK
	case errors.Is(err, redis.Nil):
		return Nil
	case errors.Is(err, quorum.ErrNotDurable), errors.Is(err, ErrDataLost):
		return Unconfirmed
	case errors.Is(err, ErrNoMaster):
		return NoMaster
	case errors.Is(err, ErrUnanswered):
		return Unreachable
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.Is(err, redis.ErrPoolTimeout):
		return Timeout
	}
	text := err.Error()
	for _, c := range codes {
		if strings.HasPrefix(text, c.code) || strings.Contains(text, "-"+c.code) {
			return c.result
		}
	}
	var reply redis.Error
	if errors.As(err, &reply) {
		return Failed
	}
	var network net.Error
	if errors.As(err, &network) && network.Timeout() {
		return Timeout
	}
	if network != nil || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, redis.ErrClosed) {
		return Unreachable
	}
	return Failed
}
