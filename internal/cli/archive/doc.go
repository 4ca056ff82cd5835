// Package archive owns the commands that take, verify and restore backups: their flags, their progress, and the printed
// form of their results.
package archive
