package probe

import (
	"errors"
	"strings"
	"testing"
)

// A replica that hears its master and is not listed by it, by name or by process, is named.
func TestF_P19_AnUnrecognisedReplicaIsNamed(t *testing.T) {
	t.Parallel()
	up := func(addr, id string) replica { return replica{addr: addr, runID: id, linked: true} }
	for name, test := range map[string]struct {
		named  []replica
		listed map[string]string
		wrong  string // the replica that is named; "" for none
	}{
		"same addresses":    {[]replica{up("b:1", "B"), up("c:1", "C")}, map[string]string{"b:1": "B", "c:1": ""}, ""},
		"same process":      {[]replica{up("b:1", "B"), up("10.0.0.2:1", "B")}, map[string]string{"10.0.0.2:1": "B"}, ""},
		"does not hear it":  {[]replica{{addr: "b:1", runID: "B"}}, map[string]string{}, ""},
		"does not answer":   {[]replica{{addr: "b:1"}}, map[string]string{"10.0.0.2:1": ""}, ""},
		"another process":   {[]replica{up("b:1", "B")}, map[string]string{"10.0.0.2:1": "X"}, "b:1"},
		"cannot be reached": {[]replica{up("b:1", "B")}, map[string]string{"192.0.2.7:1": ""}, "b:1"},
		"no run id":         {[]replica{up("b:1", "")}, map[string]string{"192.0.2.7:1": ""}, "b:1"},
	} {
		err := unrecognised(test.named, test.listed)
		if (err == nil) != (test.wrong == "") || err != nil && (!errors.Is(err, ErrNames) || !strings.Contains(err.Error(), "call it "+test.wrong)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
