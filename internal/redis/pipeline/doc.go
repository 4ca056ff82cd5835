// Package pipeline owns how the requests of many callers leave for Redis together: a request and its commands, the scripts
// that writes run, and the committer that puts whatever is queued into one pipeline.
//
// There is no timer: under load the cost of a round trip is shared, and without load a request leaves at once. A sender
// carries each batch to Redis and leaves the outcome in every request.
package pipeline
