// Package report owns the figures of a benchmark: medians over the rounds, ratios to the ceilings, targets, and their
// forms as table, JSON, plot and input of benchstat.
package report
