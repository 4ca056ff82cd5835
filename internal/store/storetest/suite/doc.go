// Package suite owns the tools that the suites of storetest share: repeatable dice, crowds of concurrent callers,
// sample records and comparison.
package suite
