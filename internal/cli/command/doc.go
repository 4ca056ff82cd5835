// Package command owns what every command of the command line shares: its arguments, the errors about its flags, help,
// completion, and the page that documents all commands.
package command
