// Package probe owns the questions about Redis that no request asks: the check before a daemon starts,
// the doctor's survey of all servers and Sentinels, and health. Nothing here runs on the path of a
// request. Errors are one line each: what is wrong, then what to do; no password stands in them.
package probe
