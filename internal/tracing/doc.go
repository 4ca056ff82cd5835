// Package tracing owns the export of traces: which requests are traced, and the collector that receives their spans by
// OTLP/HTTP. Without a collector nothing is traced, at no cost.
package tracing
