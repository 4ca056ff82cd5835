// Package settings owns the flags that name the settings of the server (--config, --env-file, --set), and reads them
// together with the environment.
package settings
