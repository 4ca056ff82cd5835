// Package secretfile owns the check of files that hold secrets of the settings: other users of the machine must not be able
// to read or replace them.
package secretfile
