// Package schemas makes the JSON schemas that kubeconform checks manifests against: of Kubernetes itself from its API
// description, of other kinds from their CustomResourceDefinitions. Both come out of Go modules, so that no other
// download is needed. Unknown members are refused.
// Build support: nothing of it is part of the server.
package schemas
