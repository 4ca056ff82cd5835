package pods

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// secrets holds the content of Secrets by name and key.
type secrets map[string]map[string]string

// Process is the first container of a pod.
type Process struct {
	Words   []string // command and arguments, or only arguments where the image has the command
	Environ []string
}

// Pod writes the volumes of a pod below dir and returns its process. Volumes that are claims or empty keep their
// content. name is the pod's name: that of the StatefulSet with its ordinal.
func (g *Group) Pod(kind, owner, name, dir string) (Process, error) {
	w, found := g.release.workloads[kind+"/"+owner]
	if !found {
		return Process{}, fmt.Errorf("the manifests have no %s %s", kind, owner)
	}
	first := w.spec.Containers[0]
	paths := map[string]string{} // of the mounts
	for _, mount := range first.VolumeMounts {
		paths[mount.MountPath] = filepath.Join(dir, mount.Name)
	}
	here := mapping(paths)
	for _, mount := range first.VolumeMounts {
		at := slices.IndexFunc(w.spec.Volumes, func(v volume) bool { return v.Name == mount.Name })
		var v volume // empty: a claim is declared elsewhere
		if at >= 0 {
			v = w.spec.Volumes[at]
		}
		files, err := g.content(v)
		if err != nil {
			return Process{}, err
		}
		if err := place(filepath.Join(dir, mount.Name), files, here); err != nil {
			return Process{}, err
		}
	}
	p := Process{Environ: []string{"PATH=" + os.Getenv("PATH")}}
	known := map[string]string{}
	for _, one := range first.Env {
		value := one.Value
		if one.ValueFrom.FieldRef.FieldPath == "metadata.name" {
			value = name
		}
		for _, other := range slices.Sorted(maps.Keys(known)) {
			value = strings.ReplaceAll(value, "$("+other+")", known[other])
		}
		known[one.Name] = value
		if value != "" {
			p.Environ = append(p.Environ, one.Name+"="+here.Replace(value))
		}
	}
	for _, word := range append(slices.Clone(first.Command), first.Args...) {
		p.Words = append(p.Words, here.Replace(word))
	}
	return p, nil
}

// mapping replaces the mount paths, the longest first.
func mapping(paths map[string]string) *strings.Replacer {
	var pairs []string
	ordered := slices.SortedFunc(maps.Keys(paths), func(a, b string) int { return len(b) - len(a) })
	for _, path := range ordered {
		pairs = append(pairs, path, paths[path])
	}
	return strings.NewReplacer(pairs...)
}

// content returns the files of a volume; nil for one that the pod itself fills.
func (g *Group) content(v volume) (map[string]string, error) {
	files := map[string]string{}
	add := func(config, secret *source) error {
		var from map[string]string
		var found bool
		s := config
		switch {
		case config != nil:
			from, found = g.release.configs[config.Name]
		case secret != nil:
			s = secret
			from, found = g.secrets[secret.Name+secret.SecretName]
		default:
			return nil
		}
		if !found {
			return fmt.Errorf("volume %s: %s%s is missing", v.Name, s.Name, s.SecretName)
		}
		return pick(files, from, s)
	}
	if err := add(v.ConfigMap, nil); err != nil {
		return nil, err
	}
	if err := add(nil, v.Secret); err != nil {
		return nil, err
	}
	if v.Projected != nil {
		for _, one := range v.Projected.Sources {
			if err := add(one.ConfigMap, one.Secret); err != nil {
				return nil, err
			}
		}
	}
	return files, nil
}

func pick(files, from map[string]string, s *source) error {
	if len(s.Items) == 0 {
		maps.Copy(files, from)
	}
	for _, item := range s.Items {
		content, found := from[item.Key]
		if !found {
			return fmt.Errorf("%s%s has no key %s", s.Name, s.SecretName, item.Key)
		}
		files[item.Path] = content
	}
	return nil
}

// place writes files as the kubelet does: below a folder that ..data names, with links to them in the volume.
func place(dir string, files map[string]string, here *strings.Replacer) error {
	if err := os.MkdirAll(dir, 0o700); err != nil || len(files) == 0 {
		return err
	}
	data := filepath.Join(dir, "..data")
	for name, content := range files {
		if strings.HasSuffix(name, ".yaml") {
			content = here.Replace(content)
		}
		file := filepath.Join(data, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(content), 0o500); err != nil { //nolint:gosec // G306: scripts are among them
			return err
		}
		top, _, _ := strings.Cut(name, "/")
		if err := os.Symlink(filepath.Join("..data", top), filepath.Join(dir, top)); err != nil && !os.IsExist(err) {
			return err
		}
	}
	return nil
}
