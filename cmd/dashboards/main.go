package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// folder is where the dashboards are, below the project.
const folder = "deploy/grafana/dashboards"

func main() {
	root := flag.String("root", ".", "folder of the project")
	check := flag.Bool("check", false, "write nothing; fail if a file is not up to date")
	flag.Parse()
	if err := run(*root, *check); err != nil {
		fmt.Fprintln(os.Stderr, "dashboards:", err)
		os.Exit(1)
	}
}

// all returns the dashboards in the order of their links.
func all() []dashboard {
	return []dashboard{overview(), flows(), redis(), security(), cache()}
}

// files returns the content of each file of the folder.
func files() (map[string][]byte, error) {
	made := map[string][]byte{}
	for _, d := range all() {
		raw, err := encode(d.model())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.name, err)
		}
		made["oauth2d-"+d.name+".json"] = raw
	}
	return made, nil
}

// encode returns indented JSON that keeps the characters of PromQL readable.
func encode(model any) ([]byte, error) {
	var out bytes.Buffer
	to := json.NewEncoder(&out)
	to.SetEscapeHTML(false)
	to.SetIndent("", " ")
	err := to.Encode(model)
	return out.Bytes(), err
}

// run compares the files with those that are there, and writes those that differ unless check is set.
func run(root string, check bool) error {
	made, err := files()
	if err != nil {
		return err
	}
	var stale []string
	for name, content := range made {
		path := filepath.Join(root, folder, name)
		there, err := os.ReadFile(path) //nolint:gosec // a file of the project
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err == nil && bytes.Equal(there, content) {
			continue
		}
		stale = append(stale, name)
		if check {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // sources, for everybody
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil { //nolint:gosec // sources, for everybody
			return err
		}
		fmt.Println("wrote", filepath.Join(folder, name))
	}
	if check && len(stale) > 0 {
		return fmt.Errorf("not up to date: %s; run make manifests", strings.Join(stale, ", "))
	}
	return nil
}
