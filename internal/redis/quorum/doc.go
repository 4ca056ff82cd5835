// Package quorum owns two decisions about a group of Redis nodes behind Sentinels: which node is the
// master, and which replicas must have a write before it may be acknowledged.
//
// Decide is a pure function of what Sentinels and nodes reported and of the decision before. Watcher
// polls them and keeps the latest Agreement. Nothing here speaks to Redis itself: the caller passes a
// Source. docs/acknowledgement.md explains the rule and numbers its invariants; comments cite them
// as I1 to I12.
package quorum
