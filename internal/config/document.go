package config

import (
	"bytes"

	"go.yaml.in/yaml/v3"
)

// secondDocument returns the line at which a second document of a YAML file begins, 0 when there is
// none. The reader of the settings takes the first document and drops the rest.
func secondDocument(raw []byte) int {
	d := yaml.NewDecoder(bytes.NewReader(raw))
	for i := 0; ; i++ {
		var document yaml.Node
		if d.Decode(&document) != nil {
			return 0 // the end, or what the reader itself refuses
		}
		if i > 0 && len(document.Content) > 0 && document.Content[0].Tag != "!!null" {
			return document.Content[0].Line
		}
	}
}
