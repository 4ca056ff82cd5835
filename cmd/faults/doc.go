// Command faults owns the fault harness: it starts a Redis group with three Sentinels and two
// daemons, drives them over HTTP, breaks something, heals it, and checks every answer that was given.
//
// Each of the processes lives in a network namespace of its own, which needs root on Linux. Without
// that they share loopback, and only those faults are tried that need no cut link. What a trial
// showed is one line of JSON in build/faults.jsonl; a violation makes the exit status 1.
// Test support: nothing of it is part of the server.
package main
