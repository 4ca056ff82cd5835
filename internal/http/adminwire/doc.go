// Package adminwire owns the JSON forms of the admin API, which the server and its client share.
// api/openapi/admin.yaml describes them. The properties of a client are those of package clientmeta.
//
// Beside json a field may have these tags, which the server checks in a request: min and max bound a number or the
// length of a list, empty:"yes" allows an empty string, null:"no" forbids null in a patch, unit names the unit of a
// number.
package adminwire

import "time"

// Page is a page of a list. Next is empty on the last page.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

// Base is the prefix of every path of the admin API.
const Base = "/admin/v1"

// Time is a time, written in the form of RFC 3339 in UTC. The zero Time is left out.
type Time = time.Time
