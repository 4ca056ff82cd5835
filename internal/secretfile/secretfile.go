package secretfile

import (
	"fmt"
	"io/fs"
	"os"
	"runtime"

	"github.com/recipe-web-app/oauth2d/internal/config"
)

// Loose is a file with secrets that other users of the machine may read or replace.
type Loose struct {
	config.SecretFile
	Mode fs.FileMode
}

// The bits that a file with secrets must not have. Its group may read it: Kubernetes (fsGroup) and system services pass
// secrets to a process that is not their owner by the group.
const (
	othersMayUse   fs.FileMode = 0o007
	groupMayChange fs.FileMode = 0o020
)

// Remedy says how to close a loose file.
const Remedy = "chmod 600 FILE, or 640 with the group of the server; in Kubernetes defaultMode: 0440 with securityContext.fsGroup"

// All lists every file that holds a secret of these settings.
func All(c config.Config) []config.SecretFile {
	all := append([]config.SecretFile{}, c.SecretFiles...)
	for key, name := range map[string]string{"server.tls.key_file": c.Server.TLS.KeyFile, "redis.tls.key_file": c.Redis.TLS.KeyFile} {
		if name != "" {
			all = append(all, config.SecretFile{Key: key, Name: name})
		}
	}
	return all
}

// FindLoose returns those files that other users may read or change. Windows has no such bits.
func FindLoose(c config.Config) []Loose {
	if runtime.GOOS == "windows" {
		return nil
	}
	var loose []Loose
	for _, file := range All(c) {
		info, err := os.Stat(file.Name)
		if err != nil || !info.Mode().IsRegular() {
			continue // a missing file fails elsewhere, and a pipe has no content to protect
		}
		if mode := info.Mode().Perm(); mode&(othersMayUse|groupMayChange) != 0 {
			loose = append(loose, Loose{file, mode})
		}
	}
	return loose
}

// String says who may do what with the file.
func (f Loose) String() string {
	who := "others may read"
	if f.Mode&0o022 != 0 {
		who = "others may change"
	}
	return fmt.Sprintf("%s holds %s, and %s it (mode %04o)", f.Name, f.Key, who, f.Mode)
}
