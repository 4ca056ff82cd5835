//go:build !linux

package pods

import "errors"

// Isolate works on Linux only.
func Isolate() error { return errors.New("the chart's pods need Linux") }

// BindMount works on Linux only.
func BindMount(string, string) error { return errors.New("the chart's pods need Linux") }
