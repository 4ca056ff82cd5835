package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
)

// variants returns the manifests of deploy/k8s: their values.
func variants() map[string][]string {
	return map[string][]string{
		"standalone": {"--set", "redis.mode=standalone", "--set", "autoscaling.enabled=false", "--set", "replicas=1", "--set", "podDisruptionBudget.enabled=false"},
		"ha":         {},
	}
}

const head = `# Made by "make manifests" from the chart in helm/oauth2d. Do not edit: see README.md in the folder above.
`

// render returns the manifests of deploy/k8s. They hold no Secret and no hook: without a cluster the chart makes none.
func render(root, helm string) (tree, error) {
	files := tree{}
	for name, values := range variants() {
		args := append([]string{
			"template", "oauth2d", filepath.Join(root, "helm", "oauth2d"), "--namespace", "oauth2d", "--kube-version", "1.25.0", "--no-hooks",
			"--set", "issuer=https://login.example.com",
		}, values...)
		cmd := exec.CommandContext(context.Background(), helm, args...) //nolint:gosec // a program of the build
		var out, problems bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &problems
		if err := cmd.Run(); err != nil {
			return nil, fmt.Errorf("helm template: %w: %s", err, problems.String())
		}
		files["deploy/k8s/"+name+"/oauth2d.yaml"] = append([]byte(head), out.Bytes()...)
	}
	return files, nil
}
