package config_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/config"
)

// A pipe or a device has no size: the reader counts the bytes that it reads.
func TestF_N11_AFileWithoutASizeIsBounded(t *testing.T) {
	t.Parallel()
	for name, load := range map[string]func(file string) config.Sources{
		"settings": func(file string) config.Sources { return config.Sources{Dev: true, File: file} },
		"env file": func(file string) config.Sources { return config.Sources{Dev: true, EnvFile: file} },
		"secret": func(file string) config.Sources {
			return config.Sources{Dev: true, Environ: []string{"OAUTH2D_REDIS_PASSWORD_FILE=" + file}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			out, in, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			file := fmt.Sprintf("/dev/fd/%d", out.Fd())
			if _, err := os.Stat(file); err != nil {
				t.Skip("this system names no open files")
			}
			go func() {
				_, _ = in.Write(bytes.Repeat([]byte("# x\n"), 1<<19)) // 2 MiB; the reader may stop earlier
				_ = in.Close()
			}()
			_, _, err = config.Load(load(file))
			_ = out.Close()
			if err == nil || !strings.Contains(err.Error(), "is larger than 1 MiB") {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}
