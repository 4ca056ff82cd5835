package importer

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// setSecret imports a secret: a hash that this server can verify, or the secret itself. A hash that it cannot verify must
// not become the secret, because a reader of the export could sign in with it. Messages contain neither.
func (c *candidate) setSecret(text string) {
	if text == "" || strings.Trim(text, "*") == "" {
		return
	}
	scheme, hash := hashOf(text)
	switch {
	case scheme == "":
		c.client.Secret = secret.Text(text)
	case hash == "":
		c.lose("its secret is a hash of the form %s, which is not verified here", scheme)
	case secret.KindOfHash(hash) == "":
		c.refused = "the hash of its secret is damaged, or costs less or more than is allowed"
	default:
		c.client.SecretHash = secret.Text(hash)
	}
}

// hashOf recognizes the hash of a secret. scheme names the kind of hash, "" for a secret in the clear; hash is its form
// here, "" when this server cannot verify it.
func hashOf(text string) (scheme, hash string) {
	for _, read := range []func(string) (string, string){modularHash, djangoHash, werkzeugHash, directoryHash} {
		if scheme, hash = read(text); scheme != "" {
			return scheme, hash
		}
	}
	return "", ""
}

// modularHash reads hashes in the modular crypt form and its successor PHC: $name$...
func modularHash(text string) (scheme, hash string) {
	name, rest, ok := strings.Cut(strings.TrimPrefix(text, "$"), "$")
	if !strings.HasPrefix(text, "$") || !ok {
		return "", ""
	}
	switch name {
	case "2", "2a", "2b", "2x", "2y":
		if cost, _, ok := strings.Cut(rest, "$"); ok && len(cost) == 2 && strings.Trim(cost, "0123456789") == "" {
			return "bcrypt", text
		}
		return "", ""
	case "argon2id":
		return name, text
	case "pbkdf2-sha256":
		if strings.HasPrefix(rest, "i=") {
			return name, text
		}
		return name, passlibHash(rest)
	}
	others := []string{
		"1", "5", "6", "7", "y", "gy", "sm3", "md5", "sha1", "apr1", "P", "H", "S", "s0", "s1", "s2", "argon2", "argon2i", "argon2d",
		"pbkdf2", "pbkdf2-sha1", "pbkdf2-sha512", "pbkdf2_sha256", "pbkdf2_sha512", "scrypt", "bcrypt", "bcrypt-sha256", "scram",
	}
	if slices.Contains(others, name) {
		return name, ""
	}
	return "", ""
}

// passlibHash turns passlib's rounds$salt$digest, in a Base64 of its own, into the form that is verified.
func passlibHash(text string) string {
	parts := strings.Split(text, "$")
	if len(parts) != 3 {
		return "$pbkdf2-sha256$" + text // damaged: verification refuses it
	}
	plain := strings.NewReplacer(".", "+", "=", "")
	return pbkdf2Form(parts[0], plain.Replace(parts[1]), plain.Replace(parts[2]))
}

// pbkdf2Form returns a PBKDF2 hash with SHA-256 in the form of this server; salt and digest are Base64 without padding.
func pbkdf2Form(iterations, salt, digest string) string {
	size := base64.RawStdEncoding.DecodedLen(len(digest))
	return fmt.Sprintf("$pbkdf2-sha256$i=%s,l=%d$%s$%s", iterations, size, salt, digest)
}

// djangoHash reads algorithm$..., as Django and older passlib handlers write it.
func djangoHash(text string) (scheme, hash string) {
	name, rest, ok := strings.Cut(text, "$")
	if !ok {
		return "", ""
	}
	parts := strings.Split(rest, "$")
	salt := func(text string) string { return base64.RawStdEncoding.EncodeToString([]byte(text)) }
	switch name {
	case "pbkdf2_sha256", "pbkdf2-sha256":
		if len(parts) != 3 {
			return name, "$" + name // damaged
		}
		return name, pbkdf2Form(parts[0], salt(parts[1]), strings.TrimRight(parts[2], "="))
	case "argon2":
		return name, "$" + rest
	case "bcrypt":
		return name, "$" + strings.TrimPrefix(rest, "$")
	case "argon2id":
		return name, "$" + text
	}
	others := []string{
		"bcrypt_sha256", "pbkdf2_sha1", "pbkdf2_sha512", "scrypt", "sha1", "sha256", "sha512", "md5", "crypt", "unsalted_md5", "unsalted_sha1", "hex_md5",
	}
	if slices.Contains(others, name) && len(parts) > 1 {
		return name, ""
	}
	return "", ""
}

// werkzeugHash reads method:parameters$salt$digest, as Flask applications keep it.
func werkzeugHash(text string) (scheme, hash string) {
	method, rest, ok := strings.Cut(text, "$")
	if !ok {
		return "", ""
	}
	name, _, _ := strings.Cut(method, ":")
	salt, digest, _ := strings.Cut(rest, "$")
	raw, err := hex.DecodeString(digest)
	switch {
	case name != "pbkdf2" && name != "scrypt" || !strings.Contains(method, ":") || err != nil:
		return "", ""
	case !strings.HasPrefix(method, "pbkdf2:sha256:"):
		return method, ""
	}
	encode := base64.RawStdEncoding.EncodeToString
	return "pbkdf2:sha256", pbkdf2Form(strings.TrimPrefix(method, "pbkdf2:sha256:"), encode([]byte(salt)), encode(raw))
}

// directoryHash reads {SCHEME}..., as LDAP servers and Spring keep it.
func directoryHash(text string) (scheme, hash string) {
	name, rest, ok := strings.Cut(strings.TrimPrefix(text, "{"), "}")
	if !strings.HasPrefix(text, "{") || !ok {
		return "", ""
	}
	others := []string{
		"sha", "ssha", "sha256", "ssha256", "sha384", "ssha384", "sha512", "ssha512", "md5", "smd5", "md4", "crypt", "pbkdf2", "pbkdf2-sha1",
		"pbkdf2-sha256", "pbkdf2-sha512", "pbkdf2_sha256", "argon2", "scrypt", "ldap",
	}
	lower, _, _ := strings.Cut(strings.ToLower(name), "@") // Spring: pbkdf2@SpringSecurity_v5_8
	switch {
	case lower == "bcrypt" || lower == "argon2" && strings.HasPrefix(rest, "$argon2id$") || lower == "crypt" && strings.HasPrefix(rest, "$2"):
		return lower, rest
	case slices.Contains(others, lower):
		return lower, ""
	default:
		return "", ""
	}
}
