package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// longestHeader is the greatest length of a first line. git log and the pages of hosts cut longer ones.
const longestHeader = 100

// kind is a type of commit and its heading in the notes; those without a heading are left out there.
type kind struct{ name, heading string }

// kinds are the types that are allowed, in the order of the notes.
func kinds() []kind {
	return []kind{
		{"feat", "Features"}, {"fix", "Fixes"}, {"perf", "Speed"}, {"docs", "Documentation"}, {"refactor", "Inside"}, {"revert", "Taken back"},
		{"test", ""}, {"build", ""}, {"ci", ""}, {"style", ""}, {"chore", ""},
	}
}

// change is a commit message that has the form.
type change struct {
	id       string // of the commit; empty where it has none yet
	kind     string
	scope    string
	subject  string
	breaking string // what an operator must do; the subject where the message says no more; empty for none
}

var (
	header   = regexp.MustCompile(`^([a-z]+)(?:\(([a-z0-9][a-z0-9 ,./_-]*)\))?(!)?: (\S.*)$`)
	breaking = regexp.MustCompile(`(?m)^BREAKING[ -]CHANGE: (.+(?:\n[^\n]+)*)`)
)

// parse reads a message. The error says what is wrong and how it should be.
func parse(message string) (change, error) {
	first, rest, _ := strings.Cut(strings.TrimRight(message, "\n"), "\n")
	found := header.FindStringSubmatch(first)
	if found == nil {
		return change{}, fmt.Errorf("%q does not have the form type(scope): subject, such as \"fix(token): reject an expired code\"", first)
	}
	c := change{kind: found[1], scope: found[2], subject: found[4]}
	if !slices.ContainsFunc(kinds(), func(k kind) bool { return k.name == c.kind }) {
		var names []string
		for _, k := range kinds() {
			names = append(names, k.name)
		}
		return change{}, fmt.Errorf("%q begins with no known type: use one of %s", first, strings.Join(names, ", "))
	}
	switch {
	case len(first) > longestHeader:
		return change{}, fmt.Errorf("%q has %d characters: at most %d, and the rest goes into the body", first, len(first), longestHeader)
	case strings.HasSuffix(c.subject, "."):
		return change{}, fmt.Errorf("%q ends with a full stop: leave it out", first)
	case rest != "" && !strings.HasPrefix(rest, "\n"):
		return change{}, fmt.Errorf("%q is followed by text: leave the second line empty", first)
	}
	if footer := breaking.FindStringSubmatch(rest); footer != nil {
		c.breaking = strings.ReplaceAll(strings.TrimSpace(footer[1]), "\n", " ")
	} else if found[3] != "" {
		c.breaking = c.subject
	}
	return c, nil
}

// temporary reports whether git made a message, or a rebase will replace it.
func temporary(message string) bool {
	for _, prefix := range []string{"Merge ", "Revert \"", "fixup! ", "squash! ", "amend! "} {
		if strings.HasPrefix(message, prefix) {
			return true
		}
	}
	return false
}

// withoutComments removes what git removes from a message: lines that begin with #, and everything below the scissors.
func withoutComments(message string) string {
	var kept []string
	for line := range strings.Lines(message) {
		if strings.HasPrefix(line, "# ------------------------ >8") {
			break
		}
		if !strings.HasPrefix(line, "#") {
			kept = append(kept, line)
		}
	}
	return strings.TrimLeft(strings.Join(kept, ""), "\n")
}

// version is a semantic version without a suffix.
type version struct{ major, minor, patch int }

func (v version) String() string { return fmt.Sprintf("v%d.%d.%d", v.major, v.minor, v.patch) }

var versionForm = regexp.MustCompile(`^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-rc\.\d+)?$`)

// parseVersion reads a tag such as v1.2.3 or v1.2.3-rc.1; the suffix is dropped.
func parseVersion(tag string) (version, error) {
	if !versionForm.MatchString(tag) {
		return version{}, fmt.Errorf("%q is not a version such as v1.2.3 or v1.2.3-rc.1", tag)
	}
	var v version
	_, err := fmt.Sscanf(tag, "v%d.%d.%d", &v.major, &v.minor, &v.patch)
	return v, err
}

// nextVersion returns the version after tag that the changes call for. Before 1.0.0 a breaking change raises the second
// number. Without a tag it is the first release.
func nextVersion(tag string, all []change) (version, error) {
	if tag == "" {
		return version{minor: 1}, nil
	}
	v, err := parseVersion(tag)
	if err != nil {
		return v, err
	}
	broken := slices.ContainsFunc(all, func(c change) bool { return c.breaking != "" })
	added := slices.ContainsFunc(all, func(c change) bool { return c.kind == "feat" })
	switch {
	case len(all) == 0:
		return v, errors.New("nothing was committed since " + tag)
	case broken && v.major > 0:
		return version{major: v.major + 1}, nil
	case broken || added:
		return version{major: v.major, minor: v.minor + 1}, nil
	}
	v.patch++
	return v, nil
}
