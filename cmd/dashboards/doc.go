// Command dashboards writes the Grafana dashboards in deploy/grafana/dashboards. With -check it writes nothing, and fails
// if a file is not as it would write it. Build support: nothing of it is part of the server.
package main
