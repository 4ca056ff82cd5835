// Package bucket owns the way to places that keep archives: it opens a folder, or a bucket of S3, Google Cloud Storage or
// Azure Blob Storage, as a backup.Destination. An upload goes through a temporary file, so that a slow or broken
// connection never holds up the snapshot of Redis, and an upload that fails can begin again.
package bucket
