package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// workshop is the folder of the built binary; it is removed after all tests.
var workshop string

// binary builds the command once for all tests.
var binary = sync.OnceValues(func() (string, error) {
	if err := look("../../cmd", "../../internal", "../../go.mod"); err != nil {
		return "", err
	}
	name := filepath.Join(workshop, "oauth2d")
	args := []string{"build", "-o", name}
	if raceDetector {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, "../../cmd/oauth2d")...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return name, nil
})

// look reads the names of all sources. "go test" caches a result together with the files that a test read. Without look
// it would reuse an earlier result although the sources of the binary have changed.
func look(roots ...string) error {
	for _, root := range roots {
		if err := filepath.WalkDir(root, func(_ string, _ os.DirEntry, err error) error { return err }); err != nil {
			return err
		}
	}
	return nil
}

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if workshop, err = os.MkdirTemp("", "oauth2d-e2e-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(workshop)
		return m.Run()
	}())
}
