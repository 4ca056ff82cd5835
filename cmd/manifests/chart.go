package main

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/recipe-web-app/oauth2d/internal/config"
)

const (
	chartCopies = "helm/oauth2d/files"
	chartSchema = "helm/oauth2d/values.schema.json"
)

// copied returns the files that the chart ships: by the folder below helm/oauth2d/files, the folder that they are copied
// from and the names or patterns in it.
func copied() map[string]struct {
	from  string
	names []string
} {
	return map[string]struct {
		from  string
		names []string
	}{
		"redis": {"deploy/redis", []string{
			"redis.conf", "sentinel.conf", "users.acl",
			"bin/apply-passwords.sh", "bin/ask-sentinels.sh", "bin/connect.sh", "bin/probe.sh", "bin/recover-to.sh", "bin/reload-tls.sh",
			"bin/render.sh", "bin/start-redis.sh", "bin/start-sentinel.sh",
		}},
		"grafana":      {"deploy/grafana/dashboards", []string{"*.json"}},
		"prometheus":   {"deploy/prometheus", []string{"rules/*.yaml", "bin/start-exporter.sh"}},
		"alertmanager": {"deploy/alertmanager", []string{"alertmanager.yaml", "oauth2d.tmpl"}},
	}
}

// values is the schema of the chart's values, apart from config, the settings of the daemon.
//
//go:embed values.json
var values []byte

// ownSettings returns the settings that the chart sets: config must not have them. One name is a setting or a whole
// section of the top level.
func ownSettings() [][]string {
	return [][]string{
		{"issuer"}, {"master_key"}, {"master_key_file"}, {"redis"}, {"server", "listen"}, {"server", "tls"},
		{"server", "shutdown_delay"}, {"server", "shutdown_grace"}, {"admin", "listen"},
	}
}

// chartFiles returns the chart's copies of files below deploy, and the schema of its values.
func chartFiles(root string) (tree, error) {
	files := tree{}
	for to, group := range copied() {
		for _, pattern := range group.names {
			found, err := filepath.Glob(filepath.Join(root, group.from, pattern))
			if err != nil {
				return nil, err
			}
			if len(found) == 0 {
				return nil, fmt.Errorf("%s has no %s", group.from, pattern)
			}
			for _, path := range found {
				content, err := os.ReadFile(path) //nolint:gosec // a file of the project
				if err != nil {
					return nil, err
				}
				name, err := filepath.Rel(filepath.Join(root, group.from), path)
				if err != nil {
					return nil, err
				}
				files[filepath.Join(chartCopies, to, name)] = content
			}
		}
	}
	schema, err := schema()
	files[chartSchema] = schema
	return files, err
}

// schema returns the schema of the values, with the settings of the daemon as config.
func schema() ([]byte, error) {
	var all, settings map[string]any
	if err := json.Unmarshal(values, &all); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(config.Schema(), &settings); err != nil {
		return nil, err
	}
	for _, path := range ownSettings() {
		if err := remove(settings, path); err != nil {
			return nil, err
		}
	}
	delete(settings, "$id")
	delete(settings, "$schema")
	delete(settings, "title")
	definitions, ok := all["$defs"].(map[string]any)
	if !ok {
		return nil, errors.New("values.json has no $defs")
	}
	if inner, nested := settings["$defs"].(map[string]any); nested {
		for name, definition := range inner {
			definitions[name] = definition
		}
		delete(settings, "$defs")
	}
	definitions["config"] = settings
	raw, err := json.MarshalIndent(all, "", "  ")
	return append(raw, '\n'), err
}

// remove deletes a property of an object's schema.
func remove(schema map[string]any, path []string) error {
	properties, ok := schema["properties"].(map[string]any)
	if !ok {
		return errors.New(path[0] + ": the settings have no such section")
	}
	if len(path) == 1 {
		delete(properties, path[0])
		return nil
	}
	inner, ok := properties[path[0]].(map[string]any)
	if !ok {
		return errors.New(path[0] + ": the settings have no such section")
	}
	return remove(inner, path[1:])
}
