package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// unreleased is the heading of what has no version yet.
const unreleased = "Unreleased"

// section returns the text of a version in the changelog, without its heading.
func section(changelog, name string) (string, error) {
	_, rest, found := cutHeading(changelog, name)
	if !found {
		return "", fmt.Errorf("%s has no section %q: run make release-prepare VERSION=%s", changelogFile, "## "+name, name)
	}
	if end := strings.Index(rest, "\n## "); end >= 0 {
		rest = rest[:end]
	}
	return strings.TrimSpace(rest), nil
}

// cutHeading cuts a text at the heading of a section, which may have a date behind the name.
func cutHeading(text, name string) (before, after string, found bool) {
	at := regexp.MustCompile(`(?m)^## ` + regexp.QuoteMeta(name) + `( .*)?$`).FindStringIndex(text)
	if at == nil {
		return text, "", false
	}
	return text[:at[0]], text[at[1]:], true
}

// released moves what is unreleased to a version.
func released(changelog, version string, now time.Time) (string, error) {
	if _, _, found := cutHeading(changelog, version); found {
		return "", fmt.Errorf("%s has a section %s already", changelogFile, version)
	}
	text, err := section(changelog, unreleased)
	if err != nil {
		return "", err
	}
	if text == "" {
		return "", fmt.Errorf("%s says nothing below %q: write what operators notice", changelogFile, "## "+unreleased)
	}
	before, after, _ := cutHeading(changelog, unreleased)
	return before + "## " + unreleased + "\n\n## " + version + " - " + now.UTC().Format(time.DateOnly) + after, nil
}

var (
	chartVersion = regexp.MustCompile(`(?m)^version: .*$`)
	appVersion   = regexp.MustCompile(`(?m)^appVersion: .*$`)
)

// withVersion sets a version in the description of the chart, which has the version of the program.
func withVersion(chart, version string) (string, error) {
	if !chartVersion.MatchString(chart) || !appVersion.MatchString(chart) {
		return "", fmt.Errorf("%s has no version and appVersion", chartFile)
	}
	number := strings.TrimPrefix(version, "v")
	chart = chartVersion.ReplaceAllString(chart, "version: "+number)
	return appVersion.ReplaceAllString(chart, "appVersion: "+number), nil
}

// hasVersion returns an error for a chart of another version.
func hasVersion(chart, version string) error {
	want, err := withVersion(chart, version)
	if err == nil && want != chart {
		err = fmt.Errorf("%s is not of version %s: run make release-prepare VERSION=%s", chartFile, version, version)
	}
	return err
}

// notes puts the notes of a release together: what operators read first, then every change by type.
func notes(forOperators, before string, all []change) string {
	var b strings.Builder
	b.WriteString(forOperators + "\n\n## All changes")
	if before != "" {
		b.WriteString(" since " + before)
	}
	b.WriteString("\n")
	group := func(heading string, has func(change) bool, text func(change) string) {
		first := true
		for _, c := range slices.Backward(all) { // the oldest first
			if !has(c) {
				continue
			}
			if first {
				b.WriteString("\n### " + heading + "\n\n")
				first = false
			}
			if c.scope != "" {
				b.WriteString("- **" + c.scope + "**: " + text(c))
			} else {
				b.WriteString("- " + text(c))
			}
			fmt.Fprintf(&b, " (%.9s)\n", c.id)
		}
	}
	subject := func(c change) string { return c.subject }
	group("Breaking changes", func(c change) bool { return c.breaking != "" }, func(c change) string { return c.breaking })
	hidden := []string{}
	for _, k := range kinds() {
		if k.heading == "" {
			hidden = append(hidden, k.name)
			continue
		}
		group(k.heading, func(c change) bool { return c.kind == k.name }, subject)
	}
	group("Other changes", func(c change) bool { return c.kind == "" }, subject)
	left := 0
	for _, c := range all {
		if slices.Contains(hidden, c.kind) {
			left++
		}
	}
	if left > 0 {
		fmt.Fprintf(&b, "\n%d more commits change tests, the build or the style of the code.\n", left)
	}
	return b.String()
}
