package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/recipe-web-app/oauth2d/cmd/manifests/schemas"
)

func main() {
	root := flag.String("root", ".", "folder of the project")
	helm := flag.String("helm", "build/bin/helm", "helm 3")
	check := flag.Bool("check", false, "write nothing; fail if a file is not up to date")
	to := flag.String("schemas", "", "write nothing else, but the JSON schemas of all kinds below this folder")
	flag.Parse()
	var err error
	if *to != "" {
		err = schemas.Write(context.Background(), *to)
	} else {
		err = run(*root, *helm, *check)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "manifests:", err)
		os.Exit(1)
	}
}

// tree holds files by their paths below the project.
type tree map[string][]byte

// run makes the chart's files first: the manifests are rendered from them.
func run(root, helm string, check bool) error {
	chart, err := chartFiles(root)
	if err != nil {
		return err
	}
	stale, err := compare(root, chart)
	if err != nil {
		return err
	}
	if check && len(stale) > 0 {
		return outdated(stale)
	}
	if err := write(root, chart, stale); err != nil {
		return err
	}
	manifests, err := render(root, helm)
	if err != nil {
		return err
	}
	if stale, err = compare(root, manifests); err != nil {
		return err
	}
	if check && len(stale) > 0 {
		return outdated(stale)
	}
	return write(root, manifests, stale)
}

func outdated(stale []string) error {
	return fmt.Errorf("not up to date: %s; run make manifests", strings.Join(stale, ", "))
}

// compare returns the files that differ from those in the project, and those in generated folders that nothing makes.
func compare(root string, files tree) ([]string, error) {
	var stale []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		there, err := os.ReadFile(filepath.Join(root, name)) //nolint:gosec // a file of the project
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err != nil || !bytes.Equal(there, files[name]) {
			stale = append(stale, name)
		}
	}
	err := filepath.WalkDir(filepath.Join(root, chartCopies), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return cmp.Or(err, nil)
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if _, made := files[name]; !made && files[chartSchema] != nil {
			stale = append(stale, name)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return stale, err
}

// write writes the stale files, and removes those that nothing makes.
func write(root string, files tree, stale []string) error {
	for _, name := range stale {
		path := filepath.Join(root, name)
		content, made := files[name]
		if !made {
			if err := os.Remove(path); err != nil {
				return err
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // sources, for everybody
			return err
		}
		mode := fs.FileMode(0o644)
		if strings.HasPrefix(string(content), "#!") {
			mode = 0o755
		}
		if err := os.WriteFile(path, content, mode); err != nil {
			return err
		}
		fmt.Println("wrote", name)
	}
	return nil
}
