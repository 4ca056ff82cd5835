package main

import (
	"path/filepath"
	"strings"
	"testing"
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
func TestF_S22_RegisteredScopesStay(t *testing.T)      { scripted(t, "direct/S22_kept_scopes.txtar") }
func TestF_S22_InvalidScopeNamesTheScope(t *testing.T) { scripted(t, "api/S22_invalid_scope.txtar") }
func TestF_P12_EveryDocumentIsRead(t *testing.T)       { scripted(t, "both/P12_several_documents.txtar") }
func TestF_P14_MistakesNameLineAndMember(t *testing.T) { scripted(t, "both/P14_forms.txtar") }
func TestF_P13_ALostSecretIsAnError(t *testing.T)      { scripted(t, "both/P13_lost_secrets.txtar") }
func TestF_P15_ImportedSecrets(t *testing.T)           { scripted(t, "api/P15_imported_secrets.txtar") }
func TestF_P16_ExportsAreTakenOrListed(t *testing.T)   { scripted(t, "both/P16_exports.txtar") }
func TestF_N09_DryRunsAndWords(t *testing.T)           { scripted(t, "both/N09_dry_run.txtar") }
