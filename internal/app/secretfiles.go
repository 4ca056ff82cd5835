package app

import (
	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/secretfile"
)

// warnLooseFiles logs the files for which doctor fails. The server still starts: a running system must not stop working
// because an operator restored a file with other permissions.
func (a *App) warnLooseFiles() {
	for _, file := range secretfile.FindLoose(a.config) {
		a.log.Warn("a file with secrets is open to other users of this machine", "holds", file.Key, "file", file.Name, "mode", file.Mode.String(),
			"hint", secretfile.Remedy)
	}
}

func (e *examiner) secretFiles(c config.Config) {
	files := secretfile.All(c)
	if len(files) == 0 {
		return
	}
	loose := secretfile.FindLoose(c)
	for _, file := range loose {
		e.tell("secret files", Failing, secretfile.Remedy, "%s", file)
	}
	if len(loose) == 0 {
		e.tell("secret files", Well, "", "only the server's user and group may read them")
	}
}
