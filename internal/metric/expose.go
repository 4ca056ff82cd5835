package metric

import (
	"io"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
)

// Format is a text format of the metrics.
type Format string

// The formats. Only OpenMetrics can contain an exemplar: the trace of one of the requests that were counted.
const (
	Text        Format = "text/plain; version=0.0.4; charset=utf-8"
	OpenMetrics Format = "application/openmetrics-text; version=1.0.0; charset=utf-8"
)

// FormatFor returns the format for an Accept header.
func FormatFor(accept string) Format {
	if strings.Contains(accept, "application/openmetrics-text") {
		return OpenMetrics
	}
	return Text
}

// Write writes every metric in a format that Prometheus reads.
func (m *Metrics) Write(w io.Writer, form Format) error {
	families, err := m.registry.Gather()
	if err != nil {
		return err
	}
	for _, family := range families {
		if form == OpenMetrics {
			_, err = expfmt.MetricFamilyToOpenMetrics(w, family)
		} else {
			_, err = expfmt.MetricFamilyToText(w, family)
		}
		if err != nil {
			return err
		}
	}
	if form == OpenMetrics {
		_, err = expfmt.FinalizeOpenMetrics(w)
	}
	return err
}

// observe adds a value to a histogram, with the trace id as exemplar when there is one.
func observe(h prometheus.Observer, seconds float64, trace string) {
	if with, ok := h.(prometheus.ExemplarObserver); ok && trace != "" {
		with.ObserveWithExemplar(seconds, prometheus.Labels{"trace_id": trace})
		return
	}
	h.Observe(seconds)
}
