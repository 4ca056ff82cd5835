package schemas

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// custom is the folder of the kinds that Kubernetes itself does not have.
const custom = "custom"

type object = map[string]any

// Write makes all schemas below dir.
func Write(ctx context.Context, dir string) error {
	for version, module := range kubernetes() {
		from, err := folder(ctx, module)
		if err != nil {
			return err
		}
		if err := own(filepath.Join(from, "api", "openapi-spec", "swagger.json"), filepath.Join(dir, "v"+version)); err != nil {
			return fmt.Errorf("%s: %w", module, err)
		}
	}
	for module, below := range definitions() {
		from, err := folder(ctx, module)
		if err != nil {
			return err
		}
		files, err := filepath.Glob(filepath.Join(from, below, "*.yaml"))
		if err != nil {
			return err
		}
		for _, file := range files {
			if err := others(file, filepath.Join(dir, custom)); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	return nil
}

// write names the file as kubeconform asks for it: to it, the core group has the name of its version.
func write(dir, kind, group, version string, schema object) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	raw, err := json.Marshal(schema)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, strings.ToLower(kind)+"-"+cmp.Or(group, version)+"-"+version+".json"), raw, 0o600)
}

// own makes the schemas of one version of Kubernetes.
func own(swagger, dir string) error {
	raw, err := os.ReadFile(swagger) //nolint:gosec // of a module
	if err != nil {
		return err
	}
	var all struct{ Definitions map[string]object }
	if err := json.Unmarshal(raw, &all); err != nil {
		return err
	}
	for name, definition := range all.Definitions {
		// Both are written as text or as a number.
		if strings.HasSuffix(name, "api.resource.Quantity") || strings.HasSuffix(name, "util.intstr.IntOrString") {
			all.Definitions[name] = object{"type": []string{"string", "number"}}
			continue
		}
		strict(definition)
	}
	for name, definition := range all.Definitions {
		kinds, _ := definition["x-kubernetes-group-version-kind"].([]any)
		if len(kinds) != 1 {
			continue // helpers, and kinds of every group
		}
		of, _ := kinds[0].(object)
		needed := map[string]object{}
		collect(definition, all.Definitions, needed)
		schema := object{"$ref": "#/definitions/" + name, "definitions": needed}
		needed[name] = definition
		if err := write(dir, text(of["kind"]), text(of["group"]), text(of["version"]), schema); err != nil {
			return err
		}
	}
	return nil
}

func text(value any) string {
	s, _ := value.(string)
	return s
}

// collect adds the definitions that a schema refers to.
func collect(schema any, all, needed map[string]object) {
	switch of := schema.(type) {
	case object:
		if name, ok := strings.CutPrefix(text(of["$ref"]), "#/definitions/"); ok && needed[name] == nil {
			needed[name] = all[name]
			collect(all[name], all, needed)
		}
		for _, inner := range of {
			collect(inner, all, needed)
		}
	case []any:
		for _, inner := range of {
			collect(inner, all, needed)
		}
	}
}

// others makes the schemas of the CustomResourceDefinitions in a file.
func others(file, dir string) error {
	raw, err := os.ReadFile(file) //nolint:gosec // of a module
	if err != nil {
		return err
	}
	documents := yaml.NewDecoder(bytes.NewReader(raw))
	for {
		var crd struct {
			Kind string
			Spec struct {
				Group    string
				Names    struct{ Kind string }
				Versions []struct {
					Name   string
					Schema struct {
						Open object `yaml:"openAPIV3Schema"`
					}
				}
			}
		}
		err := documents.Decode(&crd)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, version := range crd.Spec.Versions {
			schema := version.Schema.Open
			if crd.Kind != "CustomResourceDefinition" || schema == nil {
				continue
			}
			strict(schema)
			if properties, ok := schema["properties"].(object); ok {
				properties["metadata"] = object{"type": "object"} // Kubernetes checks it, not the definition
			}
			if err := write(dir, crd.Spec.Names.Kind, crd.Spec.Group, version.Name, schema); err != nil {
				return err
			}
		}
	}
}

// strict refuses unknown members, as the server does with strict field validation.
func strict(schema any) {
	switch of := schema.(type) {
	case object:
		_, members := of["properties"].(object)
		_, more := of["additionalProperties"]
		if keep, _ := of["x-kubernetes-preserve-unknown-fields"].(bool); members && !more && !keep {
			of["additionalProperties"] = false
		}
		if either, _ := of["x-kubernetes-int-or-string"].(bool); either {
			delete(of, "type")
		}
		for _, inner := range of {
			strict(inner)
		}
	case []any:
		for _, inner := range of {
			strict(inner)
		}
	}
}
