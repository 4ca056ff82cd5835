// Package durable owns strict durability: a write is acknowledged only when the loss of any one server loses nothing,
// and a read never comes from a server that may have been replaced.
//
// Sentinels and Cluster are the senders of the two modes. Both prove a batch of writes in the same way (proof.go); they
// differ in who is asked and in the rule (docs/acknowledgement.md). Behind Sentinels the rule comes from quorum, a term
// (terms.go) is the time of one master with one history, and a new master first gets the negative facts that the old one
// acknowledged (journal.go).
package durable
