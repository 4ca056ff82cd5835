// Package importer owns the exports of other servers: it reads those of Ory Hydra and Keycloak and registers their
// clients with the secrets that they have. What has no counterpart here is listed, never dropped in silence.
package importer
