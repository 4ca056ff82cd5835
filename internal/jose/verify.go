package jose

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// MaxToken bounds the length of a token, in bytes.
const MaxToken = oauth.MaxTokenBytes

// ErrToken is answered for every token that is not accepted; the text behind it says why, for the
// log.
var ErrToken = errors.New("the token is not valid")

func reject(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrToken, fmt.Errorf(format, args...))
}

// Verify checks the signature and the type of a compact JWS and returns its claims, a JSON object, byte
// for byte as they were signed. It says nothing about who issued it, for whom and until when.
//
// The algorithm is that of the key that find returns for the kid, and the header has to agree (RFC 8725
// §3.1): neither "none" nor a confusion of RS256 with HS256 can be asked for. Keys and addresses of
// keys that a header carries (jwk, jku, x5u, x5c) are not looked at. What a verifier has to
// understand (crit, RFC 7515 §4.1.11) is refused, for nothing is understood; so are encryption and
// compression. find is called with "" for a token without kid.
func Verify(token, typ string, find func(kid string) (Public, bool)) ([]byte, error) {
	// Both before anything is split or decoded: neither a million dots nor a huge header costs work.
	if len(token) > MaxToken {
		return nil, reject("longer than %d characters", MaxToken)
	}
	if strings.Count(token, ".") != 2 {
		return nil, reject("not three segments")
	}
	last := strings.LastIndexByte(token, '.')
	signed, sig := token[:last], token[last+1:]
	head, body, _ := strings.Cut(signed, ".")

	h, err := readHeader(head)
	if err != nil {
		return nil, err
	}
	if !sameType(h.Type, typ) {
		return nil, reject("typ is %q, not %q", h.Type, typ)
	}
	if err := verifySignature(h, signed, sig, find); err != nil {
		return nil, err
	}
	claims, err := decode(body)
	if err != nil || !isObject(claims) {
		return nil, reject("the claims are not a JSON object in base64url")
	}
	return claims, nil
}

func verifySignature(h header, signed, sig string, find func(string) (Public, bool)) error {
	key, ok := find(h.ID)
	if !ok {
		return reject("no key has the kid")
	}
	if h.Algorithm != key.Algorithm || !key.Algorithm.Known() {
		return reject("alg is %q, not that of the key", string(h.Algorithm))
	}
	if err := key.Algorithm.fits(key.Key); err != nil {
		return reject("%w", err)
	}
	raw, err := decode(sig)
	if err != nil {
		return reject("the signature is not base64url")
	}
	if err := key.Algorithm.method().Verify(signed, raw, key.Key); err != nil {
		return reject("signature: %w", err)
	}
	return nil
}

// readHeader reads the members that are used and refuses those that would change what a token
// means. Names are matched exactly: encoding/json would take "ALG" for "alg" in a struct.
func readHeader(segment string) (header, error) {
	raw, err := decode(segment)
	if err != nil {
		return header{}, reject("the header is not base64url")
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil || members == nil {
		return header{}, reject("the header is not a JSON object")
	}
	for _, name := range []string{"crit", "b64", "enc", "zip", "cty"} {
		if _, there := members[name]; there {
			return header{}, reject("the header holds %q", name)
		}
	}
	var h header
	for name, into := range map[string]any{"alg": &h.Algorithm, "typ": &h.Type, "kid": &h.ID} {
		if value, there := members[name]; there {
			if err := json.Unmarshal(value, into); err != nil {
				return header{}, reject("%s is not a text", name)
			}
		}
	}
	return h, nil
}

// sameType compares as RFC 7515 §4.1.9 wants: without regard to case, and "application/" may be
// left out.
func sameType(got, want string) bool {
	const prefix = "application/"
	if len(got) > len(prefix) && strings.EqualFold(got[:len(prefix)], prefix) {
		got = got[len(prefix):]
	}
	return strings.EqualFold(got, want)
}

// decode is strict: no padding, no line breaks, no second spelling of the last character.
func decode(segment string) ([]byte, error) {
	if strings.ContainsAny(segment, "\r\n") {
		return nil, errors.New("a line break")
	}
	return base64.RawURLEncoding.Strict().DecodeString(segment)
}

func isObject(text []byte) bool {
	return json.Valid(text) && bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("{"))
}
