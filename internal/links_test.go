package internal_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// markdown returns every page of the repository, by its path from the root.
func markdown(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{".git", "build", "node_modules", "testdata"}, entry.Name()) {
			return filepath.SkipDir
		}
		if filepath.Ext(path) == ".md" && !entry.IsDir() {
			raw, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			pages[strings.TrimPrefix(filepath.ToSlash(path), "../")] = string(raw)
		}
		return nil
	})
	if err != nil || len(pages) < 30 {
		t.Fatalf("%d pages: %v", len(pages), err)
	}
	return pages
}

// prose returns a page without its blocks of code.
func prose(page string) string {
	return regexp.MustCompile("(?s)\n```.*?\n```\n").ReplaceAllString(page, "\n")
}

// anchors returns the anchors of a page's headings, as GitHub makes them.
func anchors(page string) map[string]bool {
	all := map[string]bool{}
	for _, heading := range regexp.MustCompile(`(?m)^#{1,6} (.+)$`).FindAllStringSubmatch(prose(page), -1) {
		name := regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`).ReplaceAllString(heading[1], "$1")
		name = regexp.MustCompile(`[^\p{L}\p{N}_ -]`).ReplaceAllString(strings.ToLower(name), "")
		all[strings.ReplaceAll(name, " ", "-")] = true
	}
	return all
}

// linksOf returns the targets of a page's links to files of the repository.
func linksOf(page string) []string {
	text := regexp.MustCompile("`[^`\n]*`").ReplaceAllString(prose(page), "")
	var all []string
	for _, link := range regexp.MustCompile(`\]\(\s*([^)\s]+)\s*\)|(?:src|href)="([^"]+)"`).FindAllStringSubmatch(text, -1) {
		if target := link[1] + link[2]; !regexp.MustCompile(`^(https?|mailto):`).MatchString(target) {
			all = append(all, target)
		}
	}
	return all
}

// Every link between the pages leads to a file and a heading that exist.
func TestLinksOfTheDocsLeadSomewhere(t *testing.T) {
	t.Parallel()
	pages := markdown(t)
	for name, page := range pages {
		for _, link := range linksOf(page) {
			file, anchor, _ := strings.Cut(link, "#")
			target := name
			if file != "" {
				target = filepath.ToSlash(filepath.Join(filepath.Dir(name), file))
			}
			if _, err := os.Stat(filepath.Join("..", target)); err != nil {
				t.Errorf("%s: %s: there is no such file", name, link)
			} else if text, known := pages[target]; anchor != "" && known && !anchors(text)[anchor] {
				t.Errorf("%s: %s: %s has no such heading", name, link, target)
			}
		}
	}
}

// An operator finds every page of docs in two clicks: README, docs/README.md, the page.
func TestIndexHasEveryPage(t *testing.T) {
	t.Parallel()
	pages := markdown(t)
	if !slices.Contains(linksOf(pages["README.md"]), "docs/README.md") {
		t.Error("README.md does not lead to docs/README.md")
	}
	index := linksOf(pages["docs/README.md"])
	for name := range pages {
		below, inside := strings.CutPrefix(name, "docs/")
		if inside && below != "README.md" && !slices.Contains(index, below) {
			t.Errorf("docs/README.md does not lead to %s", below)
		}
	}
}
