//go:build monitoring

package monitoring_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// speed is the factor by which time runs faster for rules and routes: an hour takes half a minute.
const speed = 120

// The shortest spans: Prometheus scrapes every second, and a rate needs several scrapes.
const (
	leastWait  = time.Second
	leastRange = 5 * time.Second
)

// scale copies deploy/prometheus and deploy/alertmanager with every span of time divided by speed. Thresholds stay.
func scale(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry os.DirEntry, err error) error {
		name, _ := filepath.Rel(from, path)
		if err != nil || entry.IsDir() || !strings.HasPrefix(name, "prometheus/") && !strings.HasPrefix(name, "alertmanager/") {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text := string(raw)
		if strings.HasSuffix(name, ".yaml") && !strings.Contains(name, "/tests/") {
			text = quicker(text)
		}
		target := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
			return err
		}
		return os.WriteFile(target, []byte(text), 0o600)
	})
}

// quicker divides the spans in a file.
func quicker(text string) string {
	for pattern, least := range map[string]time.Duration{
		`(?m)^( *(?:- )?(?:for|interval|keep_firing_for|group_wait|group_interval|repeat_interval|resolve_timeout|scrape_interval|evaluation_interval): )(\w+)( *)$`: leastWait,
		`(\[)(\d+[smhdw])(\])`:             leastRange,
		`(\[)(\d+[smhdw])(:)`:              leastRange,
		`(offset )(\d+[smhdw])(\b)`:        leastRange,
		`(?m)^( *scrape_timeout: )(\w+)()`: leastWait,
	} {
		form := regexp.MustCompile(pattern)
		text = form.ReplaceAllStringFunc(text, func(found string) string {
			part := form.FindStringSubmatch(found)
			return part[1] + strconv.FormatInt(max(span(part[2])/speed, least).Milliseconds(), 10) + "ms" + part[3]
		})
	}
	return text
}

// span reads a duration of Prometheus with one unit.
func span(text string) time.Duration {
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}
	number, err := strconv.Atoi(text[:len(text)-1])
	if err != nil {
		return 0
	}
	return time.Duration(number) * units[text[len(text)-1]]
}
