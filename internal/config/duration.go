package config

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// day is 24 hours: a setting has no time zone, and therefore no day of 23 or 25 hours.
const day = 24 * time.Hour

// ParseDuration reads a duration as settings and flags write it: a Go duration, which may begin with days (7d, 1d12h),
// or a whole number of seconds.
func ParseDuration(text string) (time.Duration, error) {
	wrong := errors.New("must be a duration such as 90s, 15m, 12h or 7d, or a number of seconds")
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		const most = int64(math.MaxInt64 / time.Second)
		if n > most || n < -most {
			return 0, wrong
		}
		return time.Duration(n) * time.Second, nil
	}
	days, rest, hasDays := strings.Cut(text, "d")
	if !hasDays {
		d, err := time.ParseDuration(text)
		if err != nil {
			return 0, wrong
		}
		return d, nil
	}
	n, err := strconv.ParseUint(days, 10, 16) // 65535 days are 179 years, within the range
	if err != nil {
		return 0, wrong
	}
	d := time.Duration(n) * day
	if rest == "" {
		return d, nil
	}
	more, err := time.ParseDuration(rest)
	if err != nil || more < 0 || more >= day {
		return 0, wrong
	}
	return d + more, nil
}
