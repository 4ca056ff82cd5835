package secret

import "log/slog"

// Text is a secret in the clear inside a record that exists to carry it: a body of the admin API, an output of the
// command line, the file of a login. fmt and slog hide it. Its JSON is the secret itself, so a record that holds one has
// a LogValue of its own: the JSON handler of slog marshals the records that have none.
type Text string

const hiddenText = "secret(…)"

// String hides the secret from fmt. It returns only whether the secret is set.
func (t Text) String() string {
	if t == "" {
		return ""
	}
	return hiddenText
}

// GoString hides the secret from %#v.
func (t Text) GoString() string { return t.String() }

// LogValue hides the secret from slog.
func (t Text) LogValue() slog.Value { return slog.StringValue(t.String()) }

// Reveal returns the secret itself.
func (t Text) Reveal() string { return string(t) }
