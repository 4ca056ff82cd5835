// Package backup owns the archives of a Redis: their format, what stands in their manifests, where they are kept, and
// the rules by which one is written, verified and restored. It knows neither Redis nor a cloud: records come from a
// Source and go to a Target, archives lie in a Destination.
package backup
