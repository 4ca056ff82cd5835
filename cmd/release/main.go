package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

const usage = `usage: release COMMAND

  commits RANGE     check the messages of the commits, such as v1.2.0..HEAD
  message FILE      check one message, as the hook commit-msg does
  next              print the version that the commits since the last tag call for
  prepare VERSION   move what is unreleased in CHANGELOG.md to the version, and set it in the chart
  check TAG         compare a tag with CHANGELOG.md and the chart
  notes TAG         print the notes of a release: the section of CHANGELOG.md, then all commits by type
`

// Files that a release changes or reads.
const (
	changelogFile = "CHANGELOG.md"
	chartFile     = "helm/oauth2d/Chart.yaml"
)

// errUsage is the error of a command line that was not understood.
var errUsage = errors.New("usage")

func main() {
	err := run(context.Background(), os.Args[1:], os.Stdout, time.Now())
	switch {
	case errors.Is(err, errUsage):
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, words []string, out io.Writer, now time.Time) error {
	name, argument := "", ""
	switch len(words) {
	case 1:
		name = words[0]
	case 2:
		name, argument = words[0], words[1]
	}
	switch {
	case name == "next" && argument == "":
		return printNext(ctx, out)
	case argument == "":
		return errUsage
	case name == "commits":
		return checkCommits(ctx, out, argument)
	case name == "message":
		return checkMessage(argument)
	case name == "prepare":
		return prepare(argument, now)
	case name == "check":
		return checkTag(argument)
	case name == "notes":
		return printNotes(ctx, out, argument)
	}
	return errUsage
}

// checkCommits reports every commit of a range whose message does not have the form.
func checkCommits(ctx context.Context, out io.Writer, revisions string) error {
	all, err := history(ctx, revisions)
	if err != nil {
		return err
	}
	var wrong []error
	for _, c := range all {
		if _, err := parse(c.message); err != nil {
			wrong = append(wrong, fmt.Errorf("%.9s: %w", c.id, err))
		}
	}
	if err := errors.Join(wrong...); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d commits have the form of Conventional Commits\n", len(all))
	return err
}

// checkMessage checks a message that git has not stored yet. Those that git makes itself, and those that a rebase will
// melt into others, pass.
func checkMessage(file string) error {
	raw, err := os.ReadFile(file) //nolint:gosec // git names the file
	if err != nil {
		return err
	}
	text := withoutComments(string(raw))
	if temporary(text) {
		return nil
	}
	_, err = parse(text)
	return err
}

func printNext(ctx context.Context, out io.Writer) error {
	tag, err := lastTag(ctx, "HEAD")
	if err != nil {
		return err
	}
	all, err := parsed(ctx, since(tag, "HEAD"))
	if err != nil {
		return err
	}
	version, err := nextVersion(tag, all)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, version)
	return err
}

// prepare makes the two files ready for a version. Either both are changed or none.
func prepare(version string, now time.Time) error {
	if _, err := parseVersion(version); err != nil {
		return err
	}
	changelog, err := os.ReadFile(changelogFile)
	if err != nil {
		return err
	}
	chart, err := os.ReadFile(chartFile)
	if err != nil {
		return err
	}
	log, err := released(string(changelog), version, now)
	if err != nil {
		return err
	}
	described, err := withVersion(string(chart), version)
	if err != nil {
		return err
	}
	if err := os.WriteFile(changelogFile, []byte(log), 0o644); err != nil { //nolint:gosec // a file of the repository
		return err
	}
	return os.WriteFile(chartFile, []byte(described), 0o644) //nolint:gosec // as above
}

// checkTag returns an error for a tag that was made without preparing the release.
func checkTag(tag string) error {
	if _, err := parseVersion(tag); err != nil {
		return err
	}
	changelog, err := os.ReadFile(changelogFile)
	if err != nil {
		return err
	}
	chart, err := os.ReadFile(chartFile)
	if err != nil {
		return err
	}
	_, missing := section(string(changelog), tag)
	return errors.Join(missing, hasVersion(string(chart), tag))
}

// printNotes prints the notes of a tag, or of HEAD for a tag that does not exist yet.
func printNotes(ctx context.Context, out io.Writer, tag string) error {
	if _, err := parseVersion(tag); err != nil {
		return err
	}
	raw, err := os.ReadFile(changelogFile)
	if err != nil {
		return err
	}
	text, err := section(string(raw), tag)
	if err != nil {
		if text, err = section(string(raw), unreleased); err != nil {
			return err
		}
	}
	end := tag
	if !exists(ctx, tag) {
		end = "HEAD"
	}
	before, err := lastTag(ctx, end+"^")
	if err != nil {
		return err
	}
	all, err := parsed(ctx, since(before, end))
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, notes(text, before, all))
	return err
}
