// Package redisdial owns how one server is reached: the driver's options for Redis nodes, Sentinels and
// clusters, the TLS files, and the one way in which a Sentinel or a node is asked for its status.
package redisdial
