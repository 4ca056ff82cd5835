package pods

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"go.yaml.in/yaml/v3"
)

// Release is a set of rendered manifests.
type Release struct {
	workloads map[string]workload          // by KIND/NAME
	configs   map[string]map[string]string // ConfigMaps by name
	names     []string                     // dnsNames of the Redis certificate
	services  map[string][]string          // the Services that have an address and select one pod, by its name
}

// object is the part of a manifest that is used here.
type object struct {
	Kind     string
	Metadata struct{ Name, Namespace string }
	Data     map[string]string
	Spec     struct {
		ServiceName string `yaml:"serviceName"`
		ClusterIP   string `yaml:"clusterIP"`
		Selector    map[string]any
		DNSNames    []string `yaml:"dnsNames"`
		Template    struct{ Spec podSpec }
	}
}

type workload struct {
	name string
	spec podSpec
}

type podSpec struct {
	Containers []container
	Volumes    []volume
}

type container struct {
	Command, Args []string
	Env           []variable
	VolumeMounts  []struct {
		Name      string
		MountPath string `yaml:"mountPath"`
	} `yaml:"volumeMounts"`
}

type variable struct {
	Name, Value string
	ValueFrom   struct {
		FieldRef struct {
			FieldPath string `yaml:"fieldPath"`
		} `yaml:"fieldRef"`
	} `yaml:"valueFrom"`
}

// volume holds the kinds that the chart uses; a volume without any of them is an empty folder.
type volume struct {
	Name      string
	ConfigMap *source `yaml:"configMap"`
	Secret    *source
	Projected *struct {
		Sources []struct {
			ConfigMap *source `yaml:"configMap"`
			Secret    *source
		}
	}
}

type source struct {
	Name       string
	SecretName string `yaml:"secretName"`
	Items      []struct{ Key, Path string }
}

// load reads rendered manifests.
func load(file string) (*Release, error) {
	raw, err := os.ReadFile(file) //nolint:gosec // named by the caller
	if err != nil {
		return nil, err
	}
	r := &Release{workloads: map[string]workload{}, configs: map[string]map[string]string{}, services: map[string][]string{}}
	documents := yaml.NewDecoder(bytes.NewReader(raw))
	for {
		var one object
		err := documents.Decode(&one)
		if errors.Is(err, io.EOF) {
			return r, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		switch one.Kind {
		case "ConfigMap":
			r.configs[one.Metadata.Name] = one.Data
		case "Service":
			pod, single := one.Spec.Selector["statefulset.kubernetes.io/pod-name"].(string)
			if single && one.Spec.ClusterIP != "None" {
				r.services[pod] = append(r.services[pod], one.Metadata.Name)
			}
		case "StatefulSet", "Deployment":
			r.workloads[one.Kind+"/"+one.Metadata.Name] = workload{one.Metadata.Name, one.Spec.Template.Spec}
		case "Certificate":
			if len(one.Spec.DNSNames) > len(r.names) {
				r.names = one.Spec.DNSNames
			}
		}
	}
}
