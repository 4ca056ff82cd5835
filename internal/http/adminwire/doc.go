// Package adminwire owns the JSON forms of the admin API, as api/openapi/admin.yaml describes them: the
// server reads and writes them, and so does its client.
//
// Beside json a field may have these tags, which hold for what a server is sent: min and max bound a
// number or the length of a list, empty:"yes" allows an empty string, null:"no" forbids null in a patch.
package adminwire

import "time"

// Page is a part of a list. Next is empty when there are no more.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

// Time is as all times are written: RFC 3339 in UTC. The zero Time is left out.
type Time = time.Time
