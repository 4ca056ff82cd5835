package report

import "fmt"

// Target is one aim of the project with what was measured.
type Target struct {
	What string  `json:"what"`
	Want string  `json:"want"`
	Got  float64 `json:"got"`
	Met  bool    `json:"met"`
}

// Targets that hold for every row.
const (
	allocationLimit = 1.5 // times those of the ceiling
	tailFactor      = 5   // p99 in terms of p50
	tailLimit       = 10  // milliseconds
)

// AtLeast is a target that a figure must reach.
func AtLeast(what string, want, got float64) Target {
	return Target{What: what, Want: fmt.Sprintf("≥ %.2f", want), Got: got, Met: got >= want}
}

// AtMost is a target that a figure must not exceed.
func AtMost(what string, want, got float64) Target {
	return Target{What: what, Want: fmt.Sprintf("≤ %.4g", want), Got: got, Met: got <= want}
}

// Targets compares rows with what is aimed at.
func Targets(rows []Row) []Target {
	byTitle := map[string]Row{}
	for _, r := range rows {
		if r.Mode == CeilingMode {
			byTitle[r.Name] = r
		}
	}
	var all []Target
	for _, r := range rows {
		if r.Target > 0 {
			all = append(all, AtLeast(fmt.Sprintf("%s, %s: ratio to %s", r.Name, r.Mode, r.Ceiling), r.Target, r.Ratio))
		}
	}
	for _, r := range rows {
		if c, found := byTitle[r.Ceiling]; found && c.Allocs > 0 && r.Load == Closed {
			all = append(all, AtMost(fmt.Sprintf("%s: allocations to those of %s", r.Name, r.Ceiling), allocationLimit, r.Allocs/c.Allocs))
		}
	}
	for _, r := range rows {
		if r.Load == Constant {
			all = append(all, AtMost(fmt.Sprintf("%s, %s: p99 at half of the maximum rate, in ms", r.Name, r.Mode), min(tailFactor*r.P50, tailLimit), r.P99))
		}
	}
	return all
}
