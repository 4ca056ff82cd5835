// Package pods runs the pods of rendered Kubernetes manifests as plain processes, as far as a kubelet is needed for that:
// it writes the volumes below a folder, and maps the mount paths in commands, environment and settings to it.
// Test support: nothing of it is part of the server.
package pods
