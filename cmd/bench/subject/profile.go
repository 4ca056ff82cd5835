package subject

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Profiler is the client that takes profiles.
const Profiler = "profiler"

// Profile takes a profile of the processor time, at the operators' listener.
func (d *Daemon) Profile(ctx context.Context, lasting time.Duration) ([]byte, error) {
	form := strings.NewReader(url.Values{"grant_type": {"client_credentials"}}.Encode())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+d.Addr+"/token", form)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(Profiler, d.Secrets[Profiler])
	raw, err := body(http.DefaultClient.Do(request))
	if err != nil {
		return nil, err
	}
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(raw, &token); err != nil {
		return nil, err
	}
	address := fmt.Sprintf("http://%s/admin/v1/profiles/cpu?seconds=%d", d.Control, int(lasting.Seconds()))
	if request, err = http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody); err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token.AccessToken)
	return body(http.DefaultClient.Do(request))
}

func body(response *http.Response, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	raw, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %d %.300s", response.Request.URL.Path, response.StatusCode, raw)
	}
	return raw, err
}
