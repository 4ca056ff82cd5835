package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// partialPrefix begins the names of files that are being written. List leaves them out.
const partialPrefix = ".partial-"

// Folder is a destination in a folder of this machine.
type Folder struct {
	path string
	root *os.Root
}

// OpenFolder returns a folder as a destination. The folder must exist: a backup must not create one where a disk was to be
// mounted.
func OpenFolder(path string) (*Folder, error) {
	root, err := os.OpenRoot(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the folder %s does not exist; create it first", path)
	}
	if err != nil {
		return nil, err
	}
	return &Folder{path: path, root: root}, nil
}

// String implements Destination.
func (f *Folder) String() string { return f.path }

// Create implements Destination. The file is hidden until Commit renames it. Of two concurrent creators of one name, the
// second gets ErrExists.
func (f *Folder) Create(_ context.Context, name string) (Upload, error) {
	if _, err := f.root.Lstat(name); err == nil {
		return nil, fmt.Errorf("%s: %w", name, ErrExists)
	}
	file, err := f.root.OpenFile(partialPrefix+name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%s: %w", name, ErrExists)
	}
	if err != nil {
		return nil, err
	}
	return &fileUpload{root: f.root, name: name, file: file}, nil
}

// Open implements Destination.
func (f *Folder) Open(_ context.Context, name string) (io.ReadCloser, error) {
	file, err := f.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", name, ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		_ = file.Close()
		return nil, fmt.Errorf("%s is not a file", name)
	}
	return file, nil
}

// List implements Destination.
func (f *Folder) List(context.Context) ([]Object, error) {
	entries, err := fs.ReadDir(f.root.FS(), ".")
	if err != nil {
		return nil, err
	}
	var all []Object
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) { // deleted since
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, Object{Name: e.Name(), Size: info.Size(), Modified: info.ModTime()})
	}
	return all, nil
}

// Delete implements Destination.
func (f *Folder) Delete(_ context.Context, name string) error {
	err := f.root.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", name, ErrNotFound)
	}
	return err
}

// fileUpload is a file that is being written.
type fileUpload struct {
	root *os.Root
	name string
	file *os.File
	done bool
}

// Write implements Upload.
func (u *fileUpload) Write(p []byte) (int, error) { return u.file.Write(p) }

// Commit implements Upload. It syncs the file before it renames it, and the folder after.
func (u *fileUpload) Commit() error {
	defer u.Abort()
	if err := u.file.Sync(); err != nil {
		return err
	}
	if err := u.file.Close(); err != nil {
		return err
	}
	if err := u.root.Rename(partialPrefix+u.name, u.name); err != nil {
		return err
	}
	u.done = true
	folder, err := u.root.Open(".")
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }()
	return folder.Sync()
}

// Abort implements Upload.
func (u *fileUpload) Abort() {
	if u.done {
		return
	}
	u.done = true
	_ = u.file.Close() // the file goes away
	_ = u.root.Remove(partialPrefix + u.name)
}
