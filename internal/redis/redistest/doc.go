// Package redistest owns the real Redis processes that tests run against: single servers, a master
// with replicas and Sentinels, and a cluster. Each listens on free loopback ports, keeps its files
// in a directory of its own, and is gone when its test is.
//
// It needs redis-server and redis-sentinel on the PATH.
package redistest
