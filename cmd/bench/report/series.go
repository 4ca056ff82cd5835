package report

import "slices"

// The two kinds of load.
const (
	Closed   = "closed"   // every connection sends its next request when the last one is answered
	Constant = "constant" // requests are due at a constant rate; latency counts from that moment
)

// Sample is one measurement.
type Sample struct {
	RPS            float64
	P50, P99, P999 float64 // milliseconds
	ServerCPU      float64 // microseconds of processor time per request
	RedisCPU       float64 // likewise, of all redis-servers together
	Allocs         float64 // heap objects of the server per request
	RSS            float64 // MiB of the server at the end
	Errors         int64
}

// Series are the measurements of one row, one a round.
type Series struct {
	Name, Mode, Load string
	Ceiling          *Series // nil: none
	Target           float64 // the least ratio to the ceiling; 0: none
	Samples          []Sample
}

// Row is a line of the result.
type Row struct {
	Name      string  `json:"name"`
	Mode      string  `json:"mode"`
	Load      string  `json:"load"`
	RPS       float64 `json:"rps"`
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
	P999      float64 `json:"p999_ms"`
	ServerCPU float64 `json:"server_cpu_us"`
	RedisCPU  float64 `json:"redis_cpu_us"`
	Allocs    float64 `json:"allocs"`
	RSS       float64 `json:"rss_mib"`
	Errors    int64   `json:"errors"`
	Ceiling   string  `json:"ceiling"`
	Ratio     float64 `json:"ratio"`            // to the ceiling in the same round, the median; 0: there is no ceiling
	CPURatio  float64 `json:"cpu_ratio"`        // server CPU in terms of the ceiling's, the median; 0: there is no ceiling
	Target    float64 `json:"target,omitempty"` // the least ratio that is aimed at
}

// Row returns the medians of a series. Errors are summed.
func (s *Series) Row() Row {
	r := Row{Name: s.Name, Mode: s.Mode, Load: s.Load, Target: s.Target}
	for of, to := range map[*float64]func(Sample) float64{
		&r.RPS: func(x Sample) float64 { return x.RPS }, &r.P50: func(x Sample) float64 { return x.P50 },
		&r.P99: func(x Sample) float64 { return x.P99 }, &r.P999: func(x Sample) float64 { return x.P999 },
		&r.ServerCPU: func(x Sample) float64 { return x.ServerCPU }, &r.RedisCPU: func(x Sample) float64 { return x.RedisCPU },
		&r.Allocs: func(x Sample) float64 { return x.Allocs }, &r.RSS: func(x Sample) float64 { return x.RSS },
	} {
		var values []float64
		for _, sample := range s.Samples {
			values = append(values, to(sample))
		}
		*of = Median(values)
	}
	for _, sample := range s.Samples {
		r.Errors += sample.Errors
	}
	if s.Ceiling != nil {
		r.Ceiling = s.Ceiling.title()
		r.Ratio = Ratio(s.Samples, s.Ceiling.Samples)
		r.CPURatio = ratio(s.Samples, s.Ceiling.Samples, func(x Sample) float64 { return x.ServerCPU })
	}
	return r
}

// title names a series in the column of ceilings: a row of the daemon by its mode.
func (s *Series) title() string {
	if s.Mode == CeilingMode {
		return s.Name
	}
	return s.Mode
}

// The modes of rows.
const (
	CeilingMode  = "ceiling"
	Relaxed      = "relaxed"
	RelaxedGroup = "relaxed 1+2+3"
	StrictGroup  = "strict 1+2+3"
)

// Ratio returns the median of the throughput ratios of two rows, round by round: what disturbs the machine for a while disturbs both.
func Ratio(of, to []Sample) float64 {
	return ratio(of, to, func(x Sample) float64 { return x.RPS })
}

func ratio(of, to []Sample, figure func(Sample) float64) float64 {
	var ratios []float64
	for i := range min(len(of), len(to)) {
		if under := figure(to[i]); under > 0 {
			ratios = append(ratios, figure(of[i])/under)
		}
	}
	return Median(ratios)
}

// Median returns the median; 0 if there are no values.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
