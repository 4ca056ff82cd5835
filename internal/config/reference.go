package config

import (
	"fmt"
	"strings"
)

// Reference returns the page docs/configuration.md, made from the tags of the settings.
func Reference() string {
	var b strings.Builder
	b.WriteString(referenceHead)
	last := "?"
	for _, f := range Fields() {
		if name := f.Section(); name != last {
			last = name
			writeHeading(&b, name)
		}
		writeRow(&b, f)
	}
	b.WriteString(aliasHead)
	for _, alias := range Aliases() {
		fmt.Fprintf(&b, "| `%s` | `%s` | %s |\n", alias.Name, alias.Key, alias.Doc)
	}
	return b.String()
}

const referenceHead = `# Configuration

<!-- Made by "make docs" from the tags in internal/config/config.go. Do not edit. -->

Every setting has one name. In the YAML file it is a key (` + "`redis.mode`" + ` is the key ` + "`mode`" + ` in the section ` + "`redis`" + `). In the
environment it is the same name in capitals with the prefix ` + "`OAUTH2D_`" + ` (` + "`OAUTH2D_REDIS_MODE`" + `). On the command line it is
` + "`--set redis.mode=sentinel`" + `.

- **Order of the sources**: the server takes a value from the first source that sets it: a flag, the environment, a file
  named by ` + "`..._FILE`" + `, the YAML file (` + "`--config`" + ` or ` + "`OAUTH2D_CONFIG`" + `), an alias (below), the default. ` + "`--env-file`" + ` reads
  ` + "`NAME=value`" + ` lines as if they were in the environment; the environment itself overrides them. An empty variable counts
  as not set.
- **Secrets** (marked *secret*) can be read from a file: ` + "`OAUTH2D_REDIS_PASSWORD_FILE=/run/secrets/redis`" + `, or
  ` + "`password_file`" + ` in YAML. The first line is the secret. Further lines are for its rotation ([rotation](rotation.md)):
  of a master key they are earlier or later master keys, which still decrypt; of a password the server ignores them.
- **Text and secrets are taken as they are written**: ` + "`password: 0123456`" + ` is seven digits, ` + "`2024-01-01`" + ` is ten
  characters, and spaces are part of a secret (only the line ends at the end of a secret file are removed). ` + "`null`" + ` and
  ` + "`~`" + ` are refused for text and secrets: write the text in quotes, or leave the value empty. A setting that is set
  twice and a second YAML document that is not empty are refused.
- **Env files** contain ` + "`NAME=value`" + ` lines. ` + "`'Single quotes'`" + ` keep everything, ` + "`\"double quotes\"`" + ` accept the escapes
  ` + "`\\n`" + `, ` + "`\\\"`" + `, ` + "`\\\\`" + ` and ` + "`\\$`" + `, and a value without quotes ends before ` + "` #`" + `. Variables in a value are not replaced: write a
  value that contains ` + "`$`" + ` in single quotes.
- **Durations** are written ` + "`90s`" + `, ` + "`15m`" + `, ` + "`12h`" + `, ` + "`7d`" + ` or ` + "`1d12h`" + ` (a day is 24 hours), or as a number of seconds.
- **Limits** are written ` + "`600/1m`" + `, a count and a span, or ` + "`off`" + `.
- **Lists** are YAML lists, or one text with commas; lists of objects are JSON in the environment.
- **Unknown names are refused** in the file and in the environment. The message names the nearest known setting.
- **Reload**: settings marked *reload*, and the content of the TLS files, change on SIGHUP. The other settings need a
  restart; the log lists those that were changed.

` + "`oauth2d config check`" + ` lists mistakes. ` + "`oauth2d config print`" + ` shows the settings in force, without secrets; with
` + "`--origin`" + ` it shows where each value comes from. ` + "`oauth2d config schema`" + ` prints the JSON Schema for an editor.
`

const aliasHead = `
## Aliases

Names that operators of earlier servers already use. They override the default and nothing else. An alias with a value
that cannot be used is ignored with a warning; it never stops the start. The names of features that do not exist yet
(` + "`CACHE_*`, `CLEANUP_*`" + `) are ignored.

| Variable | Sets | |
| --- | --- | --- |
`

func writeHeading(b *strings.Builder, section string) {
	if section == "" {
		section = "Top level"
	} else {
		section = "`" + section + "`"
	}
	fmt.Fprintf(b, "\n## %s\n\n| Key | Variable | Value | Default | Meaning |\n| --- | --- | --- | --- | --- |\n", section)
}

func writeRow(b *strings.Builder, f Field) {
	value := string(f.Kind)
	if f.OneOf != nil {
		value = "`" + strings.Join(f.OneOf, "`, `") + "`"
	}
	if f.Min != "" || f.Max != "" {
		value += " " + f.Min + " to " + f.Max
	}
	switch {
	case f.Secret():
		value = "*" + value + "*"
	case f.Reload:
		value += ", *reload*"
	}
	preset := ""
	if f.Default != "" {
		preset = "`" + f.Default + "`"
	}
	fmt.Fprintf(b, "| `%s` | `%s` | %s | %s | %s |\n", f.Key, f.Env, value, preset, f.Doc)
	for _, item := range f.Items {
		fmt.Fprintf(b, "| `%s[].%s` | | %s | | %s |\n", f.Key, item.Key, item.Kind, item.Doc)
	}
}
