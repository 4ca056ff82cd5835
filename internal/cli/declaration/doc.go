// Package declaration owns the YAML file that declares clients: it reads and checks the file, compares it with the clients
// of a server, and carries out the difference.
package declaration
