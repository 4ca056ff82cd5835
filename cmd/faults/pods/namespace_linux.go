package pods

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// inNamespace is set in a process that has mounts of its own.
const inNamespace = "OAUTH2D_FAULTS_NAMESPACE"

// Isolate runs the program again in a mount namespace of its own, which children share, and ends with it.
func Isolate() error {
	if os.Getenv(inNamespace) != "" {
		return syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "")
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, os.Args[1:]...) //nolint:gosec,noctx // this program; a signal reaches it as well
	cmd.Env = append(os.Environ(), inNamespace+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGTERM}
	err = cmd.Run()
	if _, failed := errors.AsType[*exec.ExitError](err); err == nil || failed {
		os.Exit(cmd.ProcessState.ExitCode())
	}
	return err
}

// BindMount puts a file in the place of another, for this process and its children. It takes an earlier one away first:
// nothing can be mounted over a file that was deleted since.
func BindMount(file, place string) error {
	_ = syscall.Unmount(place, syscall.MNT_DETACH) // nothing was mounted there at first
	return syscall.Mount(file, place, "", syscall.MS_BIND, "")
}
