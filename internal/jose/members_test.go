package jose

import (
	"encoding/json"
	"reflect"
	"testing"
)

type sample struct {
	Scope string   `json:"scope"`
	Kid   string   `json:"kid,omitempty"`
	List  []string `json:"aud"`
	Inner *struct {
		A, B string
	} `json:"cnf"`
}

// slow is Read without the short way.
func (r Reader[T]) slow(raw []byte) (T, error) {
	var claims T
	raw, err := r.only(raw)
	if err == nil {
		err = json.Unmarshal(raw, &claims)
	}
	return claims, err
}

// The short way reads what the long way reads, and takes no member for another.
func FuzzReader(f *testing.F) {
	for _, one := range []string{
		`{"scope":"read","kid":"1","aud":["a","b"],"cnf":{"A":"1"}}`, `{"Scope":"all","scope":"read"}`, `{"scope":"read","Scope":"all"}`,
		`{"scope":"a","scope":"b"}`, `{"cnf":{"A":"1"},"cnf":{"B":"2"}}`, `{"\u0053cope":"all"}`, `{"\u0073cope":"all"}`, `{"ſcope":"all"}`,
		`{"Kid":"x"}`, `{"\u212Aid":"x"}`, `{"x":{"scope":"inner"},"scope":"outer"}`, `{"x":"\"scope\":","scope" : "a"}`, `{"x":["scope","Scope"]}`,
		`{}`, `null`, `[]`, `{`, `{"scope`, `{"scope":"a"`, `"scope":"a"`, `{"a":"\\","Scope":"b"}`, `{"aud":"one"}`, ` { "scope" : "a" } `,
	} {
		f.Add([]byte(one))
	}
	r := NewReader[sample]()
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := r.Read(raw)
		want, wantErr := r.slow(raw)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%s: %v, and not %v", raw, err, wantErr)
		}
		if err == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("%s: %+v, and not %+v", raw, got, want)
		}
	})
}

func TestTheShortWayAllocatesNothing(t *testing.T) {
	raw, r := []byte(`{"scope":"read","kid":"1","aud":["a","b"],"other":1}`), NewReader[sample]()
	if n := testing.AllocsPerRun(100, func() { r.exact(raw) }); n != 0 || !r.exact(raw) {
		t.Errorf("%v allocations, %v", n, r.exact(raw))
	}
}
