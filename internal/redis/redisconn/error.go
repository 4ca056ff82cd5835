package redisconn

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

// The results that Observe is told, and that Error carries.
const (
	ResultOK          = "ok"
	ResultNil         = "nil"         // answered: it is not there
	ResultTimeout     = "timeout"     // no answer in time, or the caller left; the outcome is unknown
	ResultUnreachable = "unreachable" // no connection, a lost one, or a server that is not ready
	ResultReadOnly    = "readonly"    // the server may not take writes now
	ResultOOM         = "oom"         // the server's memory is full
	ResultMisconf     = "misconf"     // the server cannot save to disk, and takes no writes until it can
	ResultNoScript    = "noscript"
	ResultNoPerm      = "noperm"      // refused by password or ACL
	ResultUnconfirmed = "unconfirmed" // executed, perhaps, but it might be lost; the outcome is unknown
	ResultNoMaster    = "nomaster"    // there is no master that may serve; nothing was asked
	ResultError       = "error"
)

// Error says that Redis could not be asked. The write it belongs to may or may not have been
// carried out.
type Error struct {
	Verb   string // what was asked
	Result string // one of the Results
	cause  error
}

// Error implements error. It holds no value, no password and no live credential.
func (e *Error) Error() string {
	return "redis: " + e.Verb + ": " + e.Result + ": " + e.cause.Error()
}

// Unwrap returns the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.cause }

// Unknown reports whether the write may have been carried out all the same.
func (e *Error) Unknown() bool {
	return !slices.Contains([]string{
		ResultReadOnly, ResultOOM, ResultMisconf, ResultNoScript, ResultNoPerm, ResultNoMaster,
	}, e.Result)
}

// errUnanswered is why a command has no outcome: it was never sent, or nobody said what became of it.
var errUnanswered = errors.New("the server did not answer")

// errClosed is answered after Close.
var errClosed = errors.New("the connection is closed")

// codes maps how an error reply begins to its result. The same words stand after a dash inside the
// reply of a script on Redis 6.2.
var codes = []struct{ code, result string }{
	{"READONLY ", ResultReadOnly},
	{"NOREPLICAS ", ResultReadOnly},
	{"OOM ", ResultOOM},
	{"MISCONF ", ResultMisconf},
	{"NOSCRIPT ", ResultNoScript},
	{"NOPERM ", ResultNoPerm},
	{"NOAUTH ", ResultNoPerm},
	{"WRONGPASS ", ResultNoPerm},
	{"ERR The user executing the script", ResultNoPerm}, // Redis up to 7
	{"ERR ACL failure in script", ResultNoPerm},         // Valkey, and later ones
	{"LOADING ", ResultUnreachable},
	{"MASTERDOWN ", ResultUnreachable},
	{"CLUSTERDOWN ", ResultUnreachable},
	{"TRYAGAIN ", ResultUnreachable},
}

// ResultOf returns the result that an error stands for.
func ResultOf(err error) string {
	switch {
	case err == nil:
		return ResultOK
	case errors.Is(err, redis.Nil):
		return ResultNil
	case errors.Is(err, quorum.ErrNotDurable), errors.Is(err, errHistory):
		return ResultUnconfirmed
	case errors.Is(err, errNoMaster):
		return ResultNoMaster
	case errors.Is(err, errUnanswered):
		return ResultUnreachable
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.Is(err, redis.ErrPoolTimeout):
		return ResultTimeout
	}
	text := err.Error()
	for _, c := range codes {
		if strings.HasPrefix(text, c.code) || strings.Contains(text, "-"+c.code) {
			return c.result
		}
	}
	var reply redis.Error
	if errors.As(err, &reply) {
		return ResultError
	}
	var network net.Error
	if errors.As(err, &network) && network.Timeout() {
		return ResultTimeout
	}
	if network != nil || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, redis.ErrClosed) {
		return ResultUnreachable
	}
	return ResultError
}
