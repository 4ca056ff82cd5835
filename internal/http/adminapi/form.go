package adminapi

import (
	"strings"

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

func isUUID(text string) bool {
	parts := strings.Split(strings.ToLower(text), "-")
	if len(parts) != 5 {
		return false
	}
	for i, length := range []int{8, 4, 4, 4, 12} {
		if len(parts[i]) != length || !only(parts[i], hex) {
			return false
		}
	}
	return true
}

// upTo reports whether a text is not empty and not too long.
func upTo(text string, most int) bool { return text != "" && len(text) <= most }

func only(text, allowed string) bool { return strings.Trim(text, allowed) == "" }
