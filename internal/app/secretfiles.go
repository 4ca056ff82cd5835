package app

import (
	"fmt"
	"io/fs"
	"os"
	"runtime"

	"github.com/recipe-web-app/oauth2d/internal/config"
)

// looseFile is a file with secrets that other users of the machine may read or replace.
type looseFile struct {
	config.SecretFile
	mode fs.FileMode
}

// The bits that a file with secrets must not have. Its group may read it: Kubernetes (fsGroup) and system services pass
// secrets to a process that is not their owner by the group.
const (
	othersMayUse   fs.FileMode = 0o007
	groupMayChange fs.FileMode = 0o020
)

const looseRemedy = "chmod 600 FILE, or 640 with the group of the server; in Kubernetes defaultMode: 0440 with securityContext.fsGroup"

// secretFiles lists every file that holds a secret of these settings.
func secretFiles(c config.Config) []config.SecretFile {
	all := append([]config.SecretFile{}, c.SecretFiles...)
	for key, name := range map[string]string{"server.tls.key_file": c.Server.TLS.KeyFile, "redis.tls.key_file": c.Redis.TLS.KeyFile} {
		if name != "" {
			all = append(all, config.SecretFile{Key: key, Name: name})
		}
	}
	return all
}

// looseFiles returns those files that other users may read or change. Windows has no such bits.
func looseFiles(c config.Config) []looseFile {
	if runtime.GOOS == "windows" {
		return nil
	}
	var loose []looseFile
	for _, file := range secretFiles(c) {
		info, err := os.Stat(file.Name)
		if err != nil || !info.Mode().IsRegular() {
			continue // a missing file fails elsewhere, and a pipe has no content to protect
		}
		if mode := info.Mode().Perm(); mode&(othersMayUse|groupMayChange) != 0 {
			loose = append(loose, looseFile{file, mode})
		}
	}
	return loose
}

func (f looseFile) String() string {
	who := "others may read"
	if f.mode&0o022 != 0 {
		who = "others may change"
	}
	return fmt.Sprintf("%s holds %s, and %s it (mode %04o)", f.Name, f.Key, who, f.mode)
}

// warnLooseFiles logs the files for which doctor fails. The server still starts: a running system must not stop working
// because an operator restored a file with other permissions.
func (a *App) warnLooseFiles() {
	for _, file := range looseFiles(a.config) {
		a.log.Warn("a file with secrets is open to other users of this machine", "holds", file.Key, "file", file.Name, "mode", file.mode.String(),
			"hint", looseRemedy)
	}
}

func (e *examiner) secretFiles(c config.Config) {
	files := secretFiles(c)
	if len(files) == 0 {
		return
	}
	loose := looseFiles(c)
	for _, file := range loose {
		e.tell("secret files", Failing, looseRemedy, "%s", file)
	}
	if len(loose) == 0 {
		e.tell("secret files", Well, "", "only the server's user and group may read them")
	}
}
