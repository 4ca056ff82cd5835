package schemas

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
)

// kubernetes returns the modules with the API descriptions, by the version that kubeconform is asked for.
func kubernetes() map[string]string {
	return map[string]string{
		"1.25.0": "k8s.io/kubernetes@v1.25.16",
		"1.30.0": "k8s.io/kubernetes@v1.30.14",
		"1.34.0": "k8s.io/kubernetes@v1.34.4",
	}
}

// definitions returns the modules with CustomResourceDefinitions, and the folders in them.
func definitions() map[string]string {
	return map[string]string{ //nolint:gosec // G101: "secrets" is part of a name
		"github.com/external-secrets/external-secrets@v1.3.2":        "config/crds/bases",
		"github.com/argoproj/argo-cd/v3@v3.5.3":                      "manifests/crds",
		"github.com/cert-manager/cert-manager@v1.21.2":               "deploy/crds",
		"sigs.k8s.io/gateway-api@v1.4.0":                             "config/crd/standard",
		"github.com/prometheus-operator/prometheus-operator@v0.85.0": "example/prometheus-operator-crd",
	}
}

// folder returns the folder of a module, which it downloads if necessary.
func folder(ctx context.Context, module string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", module) //nolint:gosec // a module of the lists above
	cmd.Dir = os.TempDir()                                                    // outside this module
	out, err := cmd.Output()
	var found struct{ Dir, Error string }
	if json.NewDecoder(bytes.NewReader(out)).Decode(&found) != nil || found.Error != "" || found.Dir == "" {
		return "", fmt.Errorf("%s: %w %s", module, err, found.Error)
	}
	return found.Dir, nil
}
