package ceiling

import (
	"encoding/json"
	"net/http"
	"os"
)

// Answer is a response of the daemon that the ceilings repeat: its headers, and its body where that is fixed.
type Answer struct {
	Header http.Header
	Body   string
}

// The names of the answers.
const (
	TokenAnswer      = "token"
	IntrospectAnswer = "introspect"
	MetadataAnswer   = "metadata"
	KeysAnswer       = "keys"
)

// WriteAnswers stores the answers for a ceiling process.
func WriteAnswers(file string, answers map[string]Answer) error {
	raw, err := json.Marshal(answers)
	if err != nil {
		return err
	}
	return os.WriteFile(file, raw, 0o600)
}

func readAnswers(file string) (map[string]Answer, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	answers := map[string]Answer{}
	err = json.Unmarshal(raw, &answers)
	return answers, err
}

// write sends a body with the headers of an answer. The header values are shared by all responses and never changed.
func (a Answer) write(w http.ResponseWriter, body []byte) {
	header := w.Header()
	for name, values := range a.Header {
		header[name] = values
	}
	_, _ = w.Write(body) // the caller has disconnected
}
