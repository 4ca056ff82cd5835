package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Kind names the Redis that an archive is of.
type Kind string

// The kinds. Each begins the names of its keys, followed by a colon.
const (
	Auth  Kind = "auth"  // the authorization server's records
	Cache Kind = "cache" // the cache of other services
)

// Kinds returns all kinds.
func Kinds() []Kind { return []Kind{Auth, Cache} }

// Manifest describes one archive. It ends the archive, where it is as safe as the records; a copy lies beside the archive
// in plain text, so that archives can be listed without a key. The copy is written last: an archive without one is
// incomplete.
type Manifest struct {
	Format     int              `json:"format"`  // of the archive
	Version    string           `json:"version"` // of the program that wrote the archive
	Kind       Kind             `json:"kind"`
	Created    time.Time        `json:"created"`  // the snapshot shows the records of this moment or of a later one
	Finished   time.Time        `json:"finished"` // the last record was written
	Source     Source           `json:"source"`
	Encryption string           `json:"encryption"` // "age" or "none"
	Records    map[string]int64 `json:"records"`    // by kind of record, such as auth:client
	Keys       int64            `json:"keys"`       // the sum of Records
	Foreign    int64            `json:"foreign"`    // keys of others in the same database, which are left out
	Bytes      int64            `json:"bytes"`      // of all values, before compression

	Archive *Stored `json:"archive,omitempty"` // in the copy beside the archive only
}

// Source describes the Redis that an archive was taken from.
type Source struct {
	Mode    string   `json:"mode"`    // standalone, sentinel or cluster
	Servers []string `json:"servers"` // that sent a snapshot, one for each shard
	Redis   string   `json:"redis"`   // the version of Redis
	DB      int      `json:"db"`
	Issuer  string   `json:"issuer,omitempty"`   // the owner of the records
	DataSet string   `json:"data_set,omitempty"` // the id of the data set, as a digest
	Data    int      `json:"data_version"`       // of the layout of the records
}

// Stored describes the archive as it lies in its destination.
type Stored struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// The endings of the names of objects.
const (
	archiveSuffix  = ".oauth2d"
	manifestSuffix = ".manifest.json"
)

// maxManifest bounds the size of a manifest.
const maxManifest = 1 << 20

// ManifestName returns the name of the manifest of an archive.
func ManifestName(archive string) string {
	return strings.TrimSuffix(archive, archiveSuffix) + manifestSuffix
}

// archiveName returns the name of a new archive. random keeps two backups of one moment apart.
func archiveName(k Kind, at time.Time, random string) string {
	return fmt.Sprintf("%s-%s-%s%s", k, at.UTC().Format("20060102T150405Z"), random, archiveSuffix)
}

// ReadManifest returns the manifest of an archive by the archive's name.
func ReadManifest(ctx context.Context, from Destination, archive string) (Manifest, error) {
	var m Manifest
	name := ManifestName(archive)
	in, err := from.Open(ctx, name)
	if err != nil {
		return m, err
	}
	defer func() { _ = in.Close() }()
	raw, err := io.ReadAll(io.LimitReader(in, maxManifest))
	if err != nil {
		return m, fmt.Errorf("%s: %w", name, err)
	}
	if err := json.Unmarshal(raw, &m); err != nil || m.Archive == nil {
		return m, fmt.Errorf("%s is not the manifest of a backup", name)
	}
	return m, nil
}

// Manifests returns the manifests of all complete archives of a destination, the newest first. A manifest that cannot be
// read is in the error, beside the others.
func Manifests(ctx context.Context, from Destination) ([]Manifest, error) {
	objects, err := from.List(ctx)
	if err != nil {
		return nil, err
	}
	var (
		all    []Manifest
		failed []error
	)
	for _, o := range objects {
		name, ok := strings.CutSuffix(o.Name, manifestSuffix)
		if !ok {
			continue
		}
		m, err := ReadManifest(ctx, from, name+archiveSuffix)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		all = append(all, m)
	}
	slices.SortStableFunc(all, func(a, b Manifest) int { return b.Created.Compare(a.Created) })
	return all, errors.Join(failed...)
}

// writeManifest stores the manifest of a complete archive.
func writeManifest(ctx context.Context, to Destination, m Manifest) error {
	raw, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	up, err := to.Create(ctx, ManifestName(m.Archive.Name))
	if err != nil {
		return err
	}
	defer up.Abort()
	if _, err := up.Write(append(raw, '\n')); err != nil {
		return err
	}
	return up.Commit()
}
