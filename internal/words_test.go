package internal_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// unclear are the phrasings that readers of this project stumbled over, with what to write instead. CONTRIBUTING.md
// has the rule behind them.
var unclear = []struct {
	phrase *regexp.Regexp
	say    string
}{
	{regexp.MustCompile(`(?i)\b(tells?|told|telling)\b`), "return, report, log, emit or say: name what happens"},
	{regexp.MustCompile(`(?i)\bgives\b`), "return, make, hold: name what happens"},
	{regexp.MustCompile(`(?i)\b(is|are|was) (what|how)\b`), "name the subject, and say it with one verb"},
	{regexp.MustCompile(`(?i)(?:^|\b(?:[^t\W]\w*|t[^h\W]\w*) )(?:is|was) no (?:[^l]|l[^o])`), "is not a …"},
	{regexp.MustCompile(`(?i)\b(whoever|mends?|mended|hangs? on)\b`), "a caller that …; repair; depend on"},
	{regexp.MustCompile(`(?:^|[.;:!] )[Ww]ho(ever)? [a-z ]+[^?a-z ]`), "name the subject: a caller that …"},
}

// Comments, doc comments and documents are plain English.
func TestPlainEnglish(t *testing.T) {
	t.Parallel()
	for _, file := range textFiles(t) {
		for line, text := range proseOf(t, file) {
			for _, u := range unclear {
				if found := u.phrase.FindString(text); found != "" {
					t.Errorf("%s:%d says %q; %s", file, line, strings.TrimSpace(found), u.say)
				}
			}
		}
	}
}

// textFiles are the Go files and the documents of the project, relative to its root.
func textFiles(t *testing.T) []string {
	t.Helper()
	var all []string
	root := ".."
	err := filepath.WalkDir(root, func(full string, entry fs.DirEntry, err error) error {
		name, _ := filepath.Rel(root, full)
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (name == "build" || name == ".git" || entry.Name() == "node_modules"):
			return fs.SkipDir
		case strings.HasSuffix(name, ".go"), strings.HasSuffix(name, ".md"):
			all = append(all, filepath.ToSlash(name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// proseOf returns what people read in a file, by line: the comments of Go, the text of a document outside of code.
func proseOf(t *testing.T, file string) map[int]string {
	t.Helper()
	prose := map[int]string{}
	if strings.HasSuffix(file, ".md") {
		raw, err := os.ReadFile(filepath.Join("..", file))
		if err != nil {
			t.Fatal(err)
		}
		code := false
		for i, line := range strings.Split(string(raw), "\n") {
			if strings.HasPrefix(strings.TrimSpace(line), "```") {
				code = !code
			} else if !code {
				prose[i+1] = line
			}
		}
		return prose
	}
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, filepath.Join("..", file), nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, group := range parsed.Comments {
		for _, comment := range group.List {
			first := files.Position(comment.Pos()).Line
			for i, line := range strings.Split(comment.Text, "\n") {
				prose[first+i] = strings.TrimSpace(strings.TrimPrefix(line, "//"))
			}
		}
	}
	return prose
}
