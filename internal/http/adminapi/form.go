package adminapi

import (
	"strings"

	"github.com/google/uuid"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

const (
	lower    = "abcdefghijklmnopqrstuvwxyz"
	digits   = "0123456789"
	hex      = digits + "abcdef"
	alphabet = lower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + digits + "-_"
)

// hasForm reports whether a text is a possible value of a parameter, to save the lookup of an impossible one.
func hasForm(parameter, text string) bool {
	switch parameter {
	case "user_id":
		return isUUID(text)
	case "sid", "grant":
		return len(text) == oauth.KeyLength && only(text, alphabet)
	case "kid":
		kind, number, ok := strings.Cut(text, "-")
		return ok && upTo(kind, 8) && only(kind, lower+digits) && upTo(number, 55) && only(number, hex)
	case "request_id":
		return upTo(text, 64) && only(text, alphabet+".")
	default:
		return isID(text)
	}
}

// isID reports whether a text is a possible id of a client or secret.
func isID(text string) bool { return upTo(text, 64) && only(text, alphabet) }

// isUUID reports whether a text is a UUID with hyphens. The library also reads forms of other lengths.
func isUUID(text string) bool { return len(text) == 36 && uuid.Validate(text) == nil }

// upTo reports whether a text is not empty and not too long.
func upTo(text string, most int) bool { return text != "" && len(text) <= most }

func only(text, allowed string) bool { return strings.Trim(text, allowed) == "" }
