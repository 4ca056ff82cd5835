// Package load owns the load generator of the benchmark: connections, a closed loop, and a constant arrival rate whose
// latency counts from the moment at which a request was due.
package load
