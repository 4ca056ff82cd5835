package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/cli/console"
)

// scripted runs a script of testdata/fault through the faces of its folder, as TestScripts does.
func scripted(t *testing.T, file string) {
	t.Helper()
	t.Parallel()
	for name, prepare := range faces()[filepath.Dir(file)] {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+name, func(t *testing.T) {
			t.Parallel()
			runScript(t, filepath.Join("testdata", "fault", file), prepare)
		})
	}
}

func TestF_S22_UndeclaredScopesAreRefused(t *testing.T) {
	scripted(t, "both/S22_undeclared_scopes.txtar")
}
func TestF_S22_RegisteredScopesStay(t *testing.T)           { scripted(t, "direct/S22_kept_scopes.txtar") }
func TestF_S22_InvalidScopeNamesTheScope(t *testing.T)      { scripted(t, "api/S22_invalid_scope.txtar") }
func TestF_P12_EveryDocumentIsRead(t *testing.T)            { scripted(t, "both/P12_several_documents.txtar") }
func TestF_P14_MistakesNameLineAndMember(t *testing.T)      { scripted(t, "both/P14_forms.txtar") }
func TestF_P13_ALostSecretIsAnError(t *testing.T)           { scripted(t, "both/P13_lost_secrets.txtar") }
func TestF_P15_ImportedSecrets(t *testing.T)                { scripted(t, "api/P15_imported_secrets.txtar") }
func TestF_P16_ExportsAreTakenOrListed(t *testing.T)        { scripted(t, "both/P16_exports.txtar") }
func TestF_N09_DryRunsAndWords(t *testing.T)                { scripted(t, "both/N09_dry_run.txtar") }
func TestF_N14_Completion(t *testing.T)                     { scripted(t, "both/N14_completion.txtar") }
func TestF_N14_HelpAndVersion(t *testing.T)                 { scripted(t, "alone/N14_help_and_version.txtar") }
func TestF_N08_TheTokenIsKept(t *testing.T)                 { scripted(t, "api/N08_kept_token.txtar") }
func TestF_N07_NothingPromisesWhatDoesNotWork(t *testing.T) { scripted(t, "api/N07_promises.txtar") }

// Without a setting the output of serve --dev is for a person: no line is JSON, and the banner is the end.
func TestF_N08_DevOutputIsReadable(t *testing.T) {
	t.Parallel()
	out, messages := &page{}, &page{}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		c := console.Console{In: strings.NewReader(""), Out: out, Err: messages}
		ended <- run(ctx, c, []string{"serve", "--dev", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"})
	}()
	waitFor(t, out, "Ctrl-C")
	banner := out.String()
	stop()
	<-ended
	for line := range strings.Lines(out.String() + messages.String()) {
		if strings.HasPrefix(line, "{") {
			t.Errorf("a line for machines: %s", line)
		}
	}
	if !strings.Contains(messages.String(), "msg=serving") || !strings.HasSuffix(strings.TrimSpace(banner), "Ctrl-C stops it.") {
		t.Errorf("the banner is not the end: %s %s", messages, banner)
	}
}
