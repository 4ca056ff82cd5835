package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// commit is an entry of the history.
type commit struct{ id, message string }

func git(ctx context.Context, words ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", words...).Output() //nolint:gosec // the words are those of a maintainer
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return "", fmt.Errorf("git %s: %s", words[0], strings.TrimSpace(string(failed.Stderr)))
	}
	return strings.TrimSpace(string(out)), err
}

// history returns the commits of a range, the newest first, without merges.
func history(ctx context.Context, revisions string) ([]commit, error) {
	text, err := git(ctx, "log", "--no-merges", "--format=%H%n%B%x00", "--end-of-options", revisions)
	if err != nil {
		return nil, err
	}
	var all []commit
	for one := range strings.SplitSeq(text, "\x00") {
		if id, message, found := strings.Cut(strings.TrimLeft(one, "\n"), "\n"); found {
			all = append(all, commit{id, message})
		}
	}
	return all, nil
}

// parsed returns the changes of a range. Commits without the form are changes of no type: a release has them as well.
func parsed(ctx context.Context, revisions string) ([]change, error) {
	all, err := history(ctx, revisions)
	if err != nil {
		return nil, err
	}
	var changes []change
	for _, one := range all {
		c, err := parse(one.message)
		if err != nil {
			first, _, _ := strings.Cut(one.message, "\n")
			c = change{subject: first}
		}
		c.id = one.id
		changes = append(changes, c)
	}
	return changes, nil
}

// lastTag returns the newest release before or at a revision, without release candidates; "" while there is none.
func lastTag(ctx context.Context, revision string) (string, error) {
	if !exists(ctx, revision) {
		return "", fmt.Errorf("the repository has no %s; hint: git fetch --unshallow --tags", revision)
	}
	text, err := git(ctx, "tag", "--merged", revision, "--list", "v[0-9]*", "--sort=-version:refname")
	if err != nil {
		return "", err
	}
	for tag := range strings.Lines(text) {
		if tag = strings.TrimSpace(tag); versionForm.MatchString(tag) && !strings.Contains(tag, "-") {
			return tag, nil
		}
	}
	return "", nil
}

func exists(ctx context.Context, revision string) bool {
	_, err := git(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{commit}")
	return err == nil
}

// since returns the range from a tag, or from the beginning when there is none.
func since(tag, end string) string {
	if tag == "" {
		return end
	}
	return tag + ".." + end
}
