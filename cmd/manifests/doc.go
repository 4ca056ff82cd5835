// Command manifests owns the files that are made from others: the chart's copies of files below deploy, the schema of
// its values, and the manifests in deploy/k8s, which it renders with helm. With -check it writes nothing, and fails if a
// file is not as it would write it.
// Build support: nothing of it is part of the server.
package main
