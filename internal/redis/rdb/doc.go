// Package rdb owns the form in which Redis sends and stores records. A Stream cuts it into records.
//
// Values are not decoded. They have the same form as in the answer of DUMP, so the package only finds the end of each.
package rdb
