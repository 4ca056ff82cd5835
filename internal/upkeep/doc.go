// Package upkeep owns the figures of what an operator must renew or repeat: when the certificates in use expire, and when
// the last backups were made. The metrics show them.
package upkeep
