// Package commit owns how a change is completed once it has begun: its caller cannot cancel it, and its outcome is
// always recorded.
//
// The risk is a caller that disconnects after the store commits and before the daemon reads the reply. On the context
// of the request the verb would then report an error, skip its later steps, and leave a change that the audit log does
// not show.
package commit
