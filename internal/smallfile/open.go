package smallfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// ErrNotRegular is the cause of an error that refuses a pipe, a device, a socket or a folder.
var ErrNotRegular = notRegularError("is not a regular file")

// open opens a regular file. Opening anything else may block for ever (a named pipe without a writer) or have effects
// (a device). Only what the shell hands over to this process is opened as it is: standard input and the descriptors
// of <(command), which have a writer.
func open(name string) (fs.File, error) {
	if handedOver(name) {
		return os.Open(name) //nolint:gosec // G304: the operator names this file
	}
	if info, err := os.Stat(name); err == nil {
		if err := checkRegular(name, info); err != nil {
			return nil, err
		}
	}
	// Without O_NONBLOCK, a pipe that took the file's place meanwhile would block.
	file, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) //nolint:gosec // G304: the operator names this file
	if err != nil {
		return nil, err
	}
	return unwaiting{file}, checkOpened(name, file)
}

// openFS is open for a file system.
func openFS(from fs.FS, name string) (fs.File, error) {
	if info, err := fs.Stat(from, name); err == nil {
		if err := checkRegular(name, info); err != nil {
			return nil, err
		}
	}
	file, err := from.Open(name)
	if err != nil {
		return nil, err
	}
	return unwaiting{file}, checkOpened(name, file)
}

// checkOpened checks an open file, and closes it after an error.
func checkOpened(name string, file fs.File) error {
	info, err := file.Stat()
	if err == nil {
		err = checkRegular(name, info)
	}
	if err != nil {
		_ = file.Close() // return the first error
	}
	return err
}

func checkRegular(name string, info fs.FileInfo) error {
	var cause error
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		cause = syscall.EISDIR
	case mode&fs.ModeNamedPipe != 0:
		cause = notRegularError("is a named pipe, not a regular file")
	case mode&fs.ModeSocket != 0:
		cause = notRegularError("is a socket, not a regular file")
	case mode&fs.ModeDevice != 0:
		cause = notRegularError("is a device, not a regular file")
	default:
		cause = ErrNotRegular
	}
	return &fs.PathError{Op: "read", Path: name, Err: cause}
}

// unwaiting reads a file that was opened by its name, and never waits for data. The risk: some files of /proc call
// themselves regular and block like a pipe, such as /proc/kmsg.
type unwaiting struct{ fs.File }

func (u unwaiting) Read(p []byte) (int, error) {
	file, ok := u.File.(syscall.Conn)
	if !ok {
		return u.File.Read(p) // a file system in memory
	}
	conn, err := file.SyscallConn()
	if err != nil {
		return 0, err
	}
	var n int
	var failed error
	err = conn.Read(func(descriptor uintptr) bool {
		for {
			n, failed = syscall.Read(int(descriptor), p)
			if !errors.Is(failed, syscall.EINTR) {
				return true // also after EAGAIN: false would wait
			}
		}
	})
	switch {
	case err != nil:
		return 0, err
	case failed != nil:
		return 0, os.NewSyscallError("read", failed)
	case n == 0 && len(p) > 0:
		return 0, io.EOF
	}
	return n, nil
}

// handedOver reports whether a name stands for an open file of this process, or for nothing at all.
func handedOver(name string) bool {
	if name == "/dev/stdin" || name == os.DevNull {
		return true
	}
	number, found := strings.CutPrefix(name, "/dev/fd/")
	if !found {
		number, found = strings.CutPrefix(name, "/proc/self/fd/")
	}
	return found && number != "" && strings.Trim(number, "0123456789") == ""
}

// notRegularError is an ErrNotRegular with the type of the file.
type notRegularError string

func (e notRegularError) Error() string { return string(e) }

func (notRegularError) Is(target error) bool { return target == error(ErrNotRegular) }
