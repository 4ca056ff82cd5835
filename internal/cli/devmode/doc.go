// Package devmode owns what serve --dev prints for a person: the page of first steps, and the facts of the audit log in
// short lines.
package devmode
