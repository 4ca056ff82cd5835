package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// send sends a request and reads the answer. A missing answer fails the test: a running daemon always answers.
func send(t testing.TB, client *http.Client, request *http.Request) testkit.Answer {
	t.Helper()
	response, err := client.Do(request)
	if err != nil {
		t.Error(err)
		return testkit.Answer{}
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	answer := testkit.Answer{Status: response.StatusCode, Header: response.Header, Raw: string(raw)}
	_ = json.Unmarshal(raw, &answer.Fields) // some answers have no body
	return answer
}
