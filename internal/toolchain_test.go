package internal_test

import (
	"os"
	"regexp"
	"testing"
)

// The standard library has the security fixes of the toolchain that builds it: one version is named for
// builders, for the image and for `make vuln`.
func TestF_S11_OneToolchain(t *testing.T) {
	t.Parallel()
	version := func(file, pattern string) string {
		text, err := os.ReadFile("../" + file)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(pattern).FindSubmatch(text)
		if found == nil {
			t.Fatalf("%s names no toolchain", file)
		}
		return string(found[1])
	}
	builders, image := version("go.mod", `(?m)^toolchain go(\S+)$`), version("Dockerfile", `(?m)^ARG GO_IMAGE=golang:([0-9.]+)`)
	if builders != image {
		t.Errorf("go.mod names go%s, the Dockerfile golang:%s", builders, image)
	}
}
