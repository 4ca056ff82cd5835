package config

import (
	"errors"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Rate is a count of requests in a span of time.
type Rate struct {
	Count int
	Per   time.Duration
}

// off is the text that switches a limit off.
const off = "off"

// The bounds of a rate.
const (
	maxRateCount = 1_000_000
	minRatePer   = time.Second
	maxRatePer   = 24 * time.Hour
)

// ParseRate reads a limit such as 600/1m. It returns the zero Rate for "off".
func ParseRate(text string) (Rate, error) {
	wrong := errors.New("is not a limit: write a count and a span, such as 600/1m, or off")
	if text == off || text == "0" {
		return Rate{}, nil
	}
	first, second, ok := strings.Cut(text, "/")
	count, err := strconv.Atoi(strings.TrimSpace(first))
	if !ok || err != nil {
		return Rate{}, wrong
	}
	per, err := ParseDuration(strings.TrimSpace(second))
	switch {
	case err != nil:
		return Rate{}, wrong
	case count < 1 || count > maxRateCount:
		return Rate{}, errors.New("has a count outside 1 to 1000000; write off for no limit")
	case per < minRatePer || per > maxRatePer:
		return Rate{}, errors.New("has a span outside 1s to 24h")
	}
	return Rate{Count: count, Per: per}, nil
}

// Rates returns the limits by their names in the settings, without those that are off. An empty text means the default.
func (l Limits) Rates() map[string]Rate {
	rates := map[string]Rate{}
	l.each(func(name, text string) {
		if rate, err := ParseRate(text); err == nil && rate != (Rate{}) {
			rates[name] = rate
		}
	})
	return rates
}

func (l Limits) check(wrong *Problems) {
	l.each(func(name, text string) {
		if _, err := ParseRate(text); err != nil {
			wrong.add("limits."+name, err.Error(), "")
		}
	})
}

// each calls do for every limit that is written as a rate.
func (l Limits) each(do func(name, text string)) {
	values, fields := reflect.ValueOf(l), reflect.TypeFor[Limits]()
	for i := range fields.NumField() {
		tag := fields.Field(i).Tag
		if tag.Get("enum") != "" {
			continue
		}
		text := values.Field(i).String()
		if text == "" {
			text = tag.Get("default")
		}
		do(tag.Get("key"), text)
	}
}
