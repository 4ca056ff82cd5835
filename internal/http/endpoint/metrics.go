package endpoint

import (
	"bytes"
	"net/http"

	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/metric"
)

// Metrics serves the counters to Prometheus.
type Metrics struct {
	Metrics *metric.Metrics
}

// Serve writes every counter.
func (e *Metrics) Serve(w http.ResponseWriter, r *http.Request) error {
	var page bytes.Buffer
	form := metric.FormatFor(r.Header.Get("Accept"))
	if err := e.Metrics.Write(&page, form); err != nil {
		return err
	}
	web.Bytes(w, string(form), page.Bytes())
	return nil
}
