package config

import (
	"fmt"
	"strings"
)

// Reference is the page docs/configuration.md, made from the tags of the settings.
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

Every setting has one name. In the YAML file it is a key (` + "`redis.mode`" + ` is ` + "`mode`" + ` below ` + "`redis`" + `); in the environment
it is the same words in capitals behind ` + "`OAUTH2D_`" + ` (` + "`OAUTH2D_REDIS_MODE`" + `); on the command line it is ` + "`--set redis.mode=sentinel`" + `.

- **Which value wins**: a flag, then the environment, then a file named by ` + "`..._FILE`" + `, then the YAML file (` + "`--config`" + ` or
  ` + "`OAUTH2D_CONFIG`" + `), then an alias (below), then the default. ` + "`--env-file`" + ` reads ` + "`NAME=value`" + ` lines as if they were in the
  environment; the environment itself goes before it. An empty variable counts as not set.
- **Secrets** (marked *secret*) can be given as a file: ` + "`OAUTH2D_REDIS_PASSWORD_FILE=/run/secrets/redis`" + `, or
  ` + "`password_file`" + ` in YAML.
- **Text and secrets are taken as they are written**: ` + "`password: 0123456`" + ` is seven digits, ` + "`2024-01-01`" + ` is ten characters, and the
  spaces of a secret belong to it (of a file that holds one, only line ends are left out). ` + "`null`" + ` and ` + "`~`" + ` are refused for them: write the
  text in quotes, or leave the value empty. A setting that is there twice, and a second YAML document that is not empty, are refused.
- **Env files** hold ` + "`NAME=value`" + ` lines. ` + "`'Single quotes'`" + ` keep everything, ` + "`\"double quotes\"`" + ` know ` + "`\\n`, `\\\"`, `\\\\` and `\\$`" + `, and without quotes
  a value ends before ` + "` #`" + `. Nothing is replaced: a value with ` + "`$`" + ` needs single quotes.
- **Durations** are written ` + "`90s`, `15m`, `12h`, `7d` or `1d12h` (a day is 24 hours)" + `, or as a number of seconds.
- **Limits** are written ` + "`600/1m`" + `, a count and a span, or ` + "`off`" + `.
- **Lists** are YAML lists, or one text with commas; lists of objects are JSON in the environment.
- **Unknown names are refused** with the nearest known one, in the file and in the environment.
- **Reload**: settings marked *reload*, and the content of the TLS files, change on SIGHUP; the others need a restart,
  and the log says which.

` + "`oauth2d config check`" + ` tells what is wrong, ` + "`oauth2d config print`" + ` what is in force (without secrets; with ` + "`--origin`" + `, where
each value comes from), and
` + "`oauth2d config schema`" + ` gives the JSON Schema for an editor.
`

const aliasHead = `
## Aliases

Names that operators of earlier servers already use. They are weaker than all of the above but the default. One that cannot be
used is left aside with a warning; it never stops the start. The names of features that are not there yet
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
