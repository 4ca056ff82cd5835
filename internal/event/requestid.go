package event

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// A support code is ten characters of base32 in two groups, such as 7KQ4A-M2XPC: 50 bits, short enough to
// be read out on the telephone. Base32 has no 0, 1 and 8, so what looks like one of them is O, I or B.
const (
	codeGroup  = 5
	codeLength = 2 * codeGroup
)

const codeAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

// NewRequestID returns a random request id that is its own support code.
func NewRequestID() string {
	var drawn [codeLength]byte
	_, _ = rand.Read(drawn[:]) // it never fails
	code := make([]byte, 0, codeLength+1)
	for i, b := range drawn {
		if i == codeGroup {
			code = append(code, '-')
		}
		code = append(code, codeAlphabet[b%byte(len(codeAlphabet))])
	}
	return string(code)
}

// SupportCode returns the code by which a person reports the request with this id. An id of ours is its own
// code; of an id that a proxy chose the code is a digest.
func SupportCode(id string) string {
	if isCode(id) {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return grouped(base32.StdEncoding.EncodeToString(sum[:]))
}

// SameRequest reports whether asked names the request with this id: the id itself, or its support code in
// upper or lower case, with or without the hyphen.
func SameRequest(id, asked string) bool {
	return id != "" && (id == asked || plain(SupportCode(id)) == plain(asked))
}

func grouped(text string) string { return text[:codeGroup] + "-" + text[codeGroup:codeLength] }

func isCode(id string) bool {
	return len(id) == codeLength+1 && id[codeGroup] == '-' && strings.Trim(id, codeAlphabet+"-") == "" &&
		strings.Count(id, "-") == 1
}

// plain returns a code without its group mark, as a person may have written it down.
func plain(code string) string {
	return strings.NewReplacer("-", "", " ", "", "0", "O", "1", "I", "8", "B").Replace(strings.ToUpper(code))
}
