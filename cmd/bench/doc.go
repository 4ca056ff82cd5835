// Command bench owns the benchmark: it starts Redis, a Sentinel group, the daemon and the ceilings, measures them
// alternately with a closed loop and with a constant arrival rate, checks every answer, and prints a table.
//
// It is a command of its own: nothing of it is part of the server. docs/performance.md describes the figures.
package main
