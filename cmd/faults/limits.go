package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/cmd/faults/history"
)

const (
	rounds = 40
	burst  = 500 * time.Millisecond
)

// dearest is by how much limits may raise the processor time of a request.
const dearest = 0.03

// limited are settings whose limits are never reached.
var limited = []string{
	"OAUTH2D_LIMITS_TOKEN=1000000/1m", "OAUTH2D_LIMITS_TOKEN_IP=1000000/1m",
	"OAUTH2D_LIMITS_INTROSPECT=1000000/1m", "OAUTH2D_LIMITS_INTROSPECT_IP=1000000/1m",
}

// compareLimits measures the processor time of requests at a daemon without rates and one with all
// of them, in turns at 64 connections. Throughput would say less: the callers and Redis run on the same machine.
func (o options) compareLimits(ctx context.Context) error {
	work, finish, err := o.pair(ctx, contender{"strict", nil}, contender{"strict", limited})
	if err != nil {
		return err
	}
	defer finish()
	token := work.post("d1", "/token", work.web, url.Values{"grant_type": {"client_credentials"}}).text("access_token")
	kinds := []struct {
		name string
		ask  func(host string) bool
	}{
		{"/token, a JWT", func(host string) bool {
			return work.read("a JWT", work.post(host, "/token", work.jwts, url.Values{"grant_type": {"client_credentials"}}), "") == history.Done
		}},
		{"/token, opaque", func(host string) bool {
			return work.read("a token", work.post(host, "/token", work.web, url.Values{"grant_type": {"client_credentials"}}), "") == history.Done
		}},
		{"/introspect", func(host string) bool { return work.active(host, work.web, token) == history.Done }},
	}
	var dear []error
	for _, kind := range kinds {
		var without float64
		var raised []float64
		for range rounds {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			base := work.processorTime("d1", kind.ask)
			raised = append(raised, work.processorTime("d2", kind.ask)/base-1)
			without += base / rounds
		}
		mean, deviation := spread(raised)
		if math.IsNaN(mean) {
			return fmt.Errorf("%s: nothing was answered", kind.name)
		}
		fmt.Printf("%-15s %6.1f µs without limits, %+.1f %% ± %.1f %% with them\n", kind.name, without*1e6, 100*mean, 100*deviation)
		if mean-2*deviation > dearest {
			dear = append(dear, fmt.Errorf("limits raise %s by %.1f %%, more than %.0f %%", kind.name, 100*mean, 100*dearest))
		}
	}
	if found := work.rec.StrangeAnswers(); len(found) > 0 {
		return fmt.Errorf("%d strange answers, the first: %s", len(found), found[0])
	}
	return errors.Join(dear...)
}

// spread returns the mean without the highest and lowest tenth, and its standard error.
func spread(all []float64) (mean, deviation float64) {
	all = slices.Sorted(slices.Values(all))
	all = all[len(all)/10 : len(all)-len(all)/10]
	for _, x := range all {
		mean += x / float64(len(all))
	}
	for _, x := range all {
		deviation += (x - mean) * (x - mean)
	}
	n := float64(len(all))
	return mean, math.Sqrt(deviation/(n-1)) / math.Sqrt(n)
}

// processorTime lets 64 callers ask for a moment, and returns the seconds of a processor that the daemon
// spent on each request.
func (l *load) processorTime(host string, ask func(host string) bool) float64 {
	before := l.lab.running[host].spent()
	began := time.Now()
	rate := l.crowd(burst, func(int) bool { return ask(host) })
	count := rate * time.Since(began).Seconds()
	return (l.lab.running[host].spent() - before).Seconds() / count
}

// spent is the processor time of a process so far.
func (p *process) spent() time.Duration {
	var total time.Duration
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.cmd.Process.Pid)) // the pattern is well formed
	for _, task := range tasks {
		raw, err := os.ReadFile(task) //nolint:gosec // G304: of our own child
		if err != nil {
			continue // a thread that has just ended
		}
		ran, _, _ := strings.Cut(string(raw), " ")
		ns, _ := strconv.ParseInt(ran, 10, 64)
		total += time.Duration(ns)
	}
	return total
}
