// Package smallfile owns the reading of files that settings and command lines name. The name may be that of a device, a
// pipe or a huge file: only regular files are opened, and read up to a bound, so that no name blocks the reader or
// fills memory.
package smallfile
