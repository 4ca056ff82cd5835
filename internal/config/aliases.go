package config

import (
	"fmt"
	"net"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Alias is an environment name that operators of earlier servers already use. It overrides the default and nothing
// else. An alias whose value cannot be used is ignored with a warning and never stops the start.
type Alias struct {
	Name string
	Key  string // the setting
	Doc  string
}

// Aliases lists the names that have an effect.
func Aliases() []Alias {
	return []Alias{
		{"REDIS_HOST", "redis.addrs", "The host of Redis; the port is REDIS_PORT, or 6379."},
		{"REDIS_PORT", "redis.addrs", "The port of Redis; the host is REDIS_HOST, or 127.0.0.1."},
		{"REDIS_DB", "redis.db", ""},
		{"REDIS_PASSWORD", "redis.password", "The default user's password."},
		{"APP_PASSWORD", "redis.password", "The password of the ACL user app; sets redis.username to app as well, and overrides REDIS_PASSWORD."},
		{"SENTINEL_PASSWORD", "redis.sentinel_password", ""},
		{"SESSION_TTL_SECONDS", "session.idle", ""},
		{"MAX_SESSIONS_PER_USER", "session.limit", ""},
		{"CLEANUP_INTERVAL_SECONDS", "cleanup.interval", ""},
		{"LOG_LEVEL", "log.level", "In any letter case; warning means warn."},
	}
}

// WithoutEffect lists names of earlier servers for parts that this server does not have.
func WithoutEffect() []string {
	return []string{
		"CACHE_DEFAULT_TTL_SECONDS", "CACHE_CLEANUP_INTERVAL_SECONDS", "CACHE_CLEANUP_BATCH_SIZE", "CACHE_MAX_ENTRIES_PER_SERVICE",
	}
}

// aliases puts the aliases above the defaults and below the YAML file.
func (l *loader) aliases(environ map[string]string) {
	for _, alias := range Aliases() {
		value := environ[alias.Name]
		if value == "" {
			continue
		}
		if alias.Key == "redis.addrs" {
			l.aliasAddr(environ)
			continue
		}
		if alias.Key == "log.level" {
			value = strings.Replace(strings.ToLower(value), "warning", "warn", 1)
		}
		l.alias(alias, value)
		if alias.Name == "APP_PASSWORD" {
			l.setAlias("redis.username", alias.Name, "app")
		}
	}
}

// alias applies one value if the setting accepts it.
func (l *loader) alias(alias Alias, value string) {
	f, _ := find(l.fields, alias.Key)
	var trial Config
	var wrong Problems
	assign(reflect.ValueOf(&trial).Elem(), f, value, alias.Name, &wrong)
	if len(wrong) > 0 {
		if !f.Secret() {
			wrong[0].Value = value
		}
		l.warn(wrong[0].String())
		return
	}
	l.setAlias(alias.Key, alias.Name, value)
}

// setAlias makes a value the default, so that every other source overrides it.
func (l *loader) setAlias(key, name, value string) {
	l.v.SetDefault(key, value)
	if origin := l.origins[key]; origin == defaultOrigin || strings.HasPrefix(origin, "alias ") {
		l.origins[key] = "alias " + name
	}
}

// aliasAddr joins REDIS_HOST and REDIS_PORT. Kubernetes sets REDIS_PORT to a URL when a Service is called redis: that
// value is not a port.
func (l *loader) aliasAddr(environ map[string]string) {
	host, port := environ["REDIS_HOST"], environ["REDIS_PORT"]
	if host == "" {
		host = "127.0.0.1"
	}
	if port == "" {
		port = "6379"
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		l.warn(fmt.Sprintf("REDIS_PORT: %.60q is not a port number", port))
		if environ["REDIS_HOST"] == "" {
			return
		}
		port = "6379"
	}
	l.setAlias("redis.addrs", "REDIS_HOST, REDIS_PORT", net.JoinHostPort(strings.Trim(host, "[]"), port))
}

// warn adds a line for the log, once.
func (l *loader) warn(line string) {
	line += "; ignored"
	if !slices.Contains(l.warnings, line) {
		l.warnings = append(l.warnings, line)
	}
}
