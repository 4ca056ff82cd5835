// Command release owns the rules of releases: the form of commit messages, the next version, the section of the
// changelog that belongs to a version, and the notes of a release. It reads the history of the repository in the working
// directory, and reaches no network. docs/releasing.md describes its use.
// Test support: nothing of it is part of the server.
package main
