package subject

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/cmd/bench/process"
)

// Subject is one server under measurement, with the Redis that it uses.
type Subject struct {
	Addr    string // where it serves
	Host    string // the Host header of requests
	Control string // where it serves /metrics; empty: allocations are unknown
	Server  *process.Process
	Redis   []*process.Process
	Start   time.Duration // from the start of the process to the first 200
}

// Reading is the processor time of a subject at one moment.
type Reading struct {
	Server, Redis time.Duration // processor time so far
}

// Read reads the processor time.
func (s *Subject) Read() Reading {
	r := Reading{Server: s.Server.CPU()}
	for _, p := range s.Redis {
		r.Redis += p.CPU()
	}
	return r
}

// TrimLogs empties large logs.
func (s *Subject) TrimLogs() {
	s.Server.TrimLog()
	for _, p := range s.Redis {
		p.TrimLog()
	}
}

const probeTimeout = 5 * time.Second

// Allocations returns the number of heap objects that the server has allocated so far; 0 if it does not count them.
func (s *Subject) Allocations(ctx context.Context) (int64, error) {
	if s.Control == "" {
		return 0, nil
	}
	response, err := get(ctx, "http://"+s.Control+"/metrics")
	if err != nil {
		return 0, err
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if text, found := strings.CutPrefix(lines.Text(), "go_memstats_mallocs_total "); found {
			count, err := strconv.ParseFloat(text, 64)
			return int64(count), err
		}
	}
	return 0, fmt.Errorf("%s/metrics has no go_memstats_mallocs_total", s.Control)
}

func get(ctx context.Context, url string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	client := http.Client{Timeout: probeTimeout}
	return client.Do(request)
}

// answers reports whether a URL is answered with 200.
func answers(ctx context.Context, url string) bool {
	response, err := get(ctx, url)
	if err != nil {
		return false
	}
	_ = response.Body.Close() // only the status counts
	return response.StatusCode == http.StatusOK
}
