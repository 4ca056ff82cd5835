package redisstore

import (
	"slices"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
)

// ending marks a script that only ends something for good, so that the same call may be repeated whenever its effect
// may have been lost.
func ending(s *redisconn.Script) *redisconn.Script {
	return s.Establishing(func(call redisconn.Call, _ any) *redisconn.Redone {
		return &redisconn.Redone{Script: s, Call: call}
	})
}

// spent returns how to apply the result of advance again after a failover: a spent serial stays spent, and a grant that
// ended because of reuse stays ended.
func spent(redo, kill *redisconn.Script) redisconn.Redo {
	return func(call redisconn.Call, answer any) *redisconn.Redone {
		said, err := words(answer)
		if err != nil || len(said) == 0 {
			return nil
		}
		grant := call.Keys[:1]
		switch oauth.Verdict(said[0]) {
		case oauth.Reused:
			return &redisconn.Redone{Script: kill, Call: redisconn.Call{Keys: grant}}
		case oauth.Advanced, oauth.Retried:
			serial, by, at := field(said, "serial"), field(said, "by"), field(said, "spent")
			if by == "" {
				return nil // nothing was spent: the refresh token is not rotated
			}
			return &redisconn.Redone{Script: redo, Call: redisconn.Call{Keys: grant, Args: []any{serial, by, at}}}
		default:
			return nil
		}
	}
}

// field returns a value from the answer of advance: verdict, now, name, value, …
func field(said []string, name string) string {
	for pair := range slices.Chunk(said[2:], 2) {
		if pair[0] == name && len(pair) == 2 {
			return pair[1]
		}
	}
	return ""
}
