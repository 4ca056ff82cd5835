package adminapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"mime"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

const (
	typeJSON  = "application/json"
	typePatch = "application/merge-patch+json" // RFC 7396
)

// body reads a JSON object into a struct of adminwire. It is strict: members that are not described,
// that come twice, or that hold something else than is described are refused, each by its place.
func (c *call) body(into any) error {
	_, err := c.read(typeJSON, into, nil)
	return err
}

// patch reads a JSON Merge Patch onto a struct that holds what is there now; null gives a member the
// value that it has in defaults. A patch without members is refused.
func (c *call) patch(into, defaults any) error {
	n, err := c.read(typePatch, into, defaults)
	if err == nil && n == 0 {
		return refuseFaults(web.FaultErrors{{Pointer: "", Detail: "the patch is empty"}})
	}
	return err
}

func (c *call) read(mediaType string, into, defaults any) (members int, err error) {
	if given, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type")); err != nil || given != mediaType {
		return 0, oauth.Refuse(oauth.UnsupportedMediaType, "the Content-Type must be "+mediaType, nil)
	}
	raw, err := io.ReadAll(c.r.Body)
	if err != nil {
		return 0, web.ReadError(err)
	}
	root, err := parse(raw)
	if err != nil {
		return 0, oauth.Refuse(oauth.InvalidRequest, "the body is not one JSON value in UTF-8", nil)
	}
	f := filler{patching: defaults != nil}
	var fallback reflect.Value
	if f.patching {
		fallback = reflect.ValueOf(defaults).Elem()
	}
	f.value(root, reflect.ValueOf(into).Elem(), slot{fallback: fallback})
	return len(root.members), refuseFaults(f.faults)
}

// node is a JSON value as it was written.
type node struct {
	kind    byte // { [ s n b 0
	text    string
	truth   bool
	members []member
	items   []node
}

type member struct {
	name  string
	value node
}

const maxDepth = 16

var errJSON = errors.New("not JSON")

func parse(raw []byte) (node, error) {
	if !utf8.Valid(raw) {
		return node{}, errJSON
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	root, err := parseValue(d, 0)
	if err != nil {
		return node{}, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return node{}, errJSON
	}
	return root, nil
}

func parseValue(d *json.Decoder, depth int) (node, error) {
	token, err := d.Token()
	if err != nil || depth > maxDepth {
		return node{}, errJSON
	}
	switch t := token.(type) {
	case string:
		return node{kind: 's', text: t}, nil
	case json.Number:
		return node{kind: 'n', text: t.String()}, nil
	case bool:
		return node{kind: 'b', truth: t}, nil
	case nil:
		return node{kind: '0'}, nil
	case json.Delim:
		return parseMany(d, byte(t), depth) //nolint:gosec // one of four ASCII characters
	}
	return node{}, errJSON
}

func parseMany(d *json.Decoder, open byte, depth int) (node, error) {
	n := node{kind: open}
	for d.More() {
		if open == '[' {
			item, err := parseValue(d, depth+1)
			if err != nil {
				return node{}, err
			}
			n.items = append(n.items, item)
			continue
		}
		name, err := parseValue(d, depth+1)
		if err != nil {
			return node{}, err
		}
		value, err := parseValue(d, depth+1)
		if err != nil {
			return node{}, err
		}
		n.members = append(n.members, member{name.text, value})
	}
	if _, err := d.Token(); err != nil {
		return node{}, errJSON
	}
	return n, nil
}

// filler puts JSON values into Go values and notes what does not fit.
type filler struct {
	patching bool
	faults   web.FaultErrors
}

// slot is a place in a body: where it is, what holds for it, and what null means there.
type slot struct {
	pointer  string
	tag      reflect.StructTag
	fallback reflect.Value // when patching
}

func (s slot) below(name string) string {
	name = strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
	return s.pointer + "/" + string([]rune(name)[:min(len([]rune(name)), 100)])
}

func (f *filler) fault(pointer, detail string) {
	if len(pointer) > 300 {
		pointer = pointer[:300]
	}
	f.faults = append(f.faults, adminwire.Fault{Pointer: strings.ToValidUTF8(pointer, ""), Detail: detail})
}

func (f *filler) value(n node, v reflect.Value, s slot) {
	if n.kind == '0' {
		if !f.patching || s.pointer == "" || s.tag.Get("null") == "no" || !s.fallback.IsValid() {
			f.fault(s.pointer, "is null")
			return
		}
		v.Set(s.fallback)
		return
	}
	if v.Type() == reflect.TypeFor[time.Time]() {
		f.time(n, v, s)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.value(n, v.Elem(), slot{s.pointer, s.tag, reflect.Value{}})
	case reflect.Struct:
		f.object(n, v, s)
	case reflect.Map:
		f.texts(n, v, s)
	case reflect.Slice:
		f.list(n, v, s)
	case reflect.Bool:
		if n.kind != 'b' {
			f.fault(s.pointer, "is neither true nor false")
		}
		v.SetBool(n.truth)
	case reflect.Int64:
		f.number(n, v, s)
	default:
		if n.kind != 's' {
			f.fault(s.pointer, "is not a string")
		} else if n.text == "" && s.tag.Get("empty") != "yes" {
			f.fault(s.pointer, "is empty")
		}
		v.SetString(n.text)
	}
}

func (f *filler) time(n node, v reflect.Value, s slot) {
	at, fault := parseTime(n.text)
	if n.kind != 's' || fault != "" {
		f.fault(s.pointer, cmpOr(fault, "is not a string"))
	}
	v.Set(reflect.ValueOf(at))
}

func cmpOr(text, other string) string {
	if text != "" {
		return text
	}
	return other
}

func (f *filler) number(n node, v reflect.Value, s slot) {
	number, err := strconv.ParseInt(n.text, 10, 64)
	if err != nil {
		// 3.0 and 3e0 are whole numbers, too.
		wide, wideErr := strconv.ParseFloat(n.text, 64)
		if wideErr == nil && wide == math.Trunc(wide) && math.Abs(wide) < 1<<53 {
			number, err = int64(wide), nil
		}
	}
	least, _ := strconv.ParseInt(s.tag.Get("min"), 10, 64)
	most, _ := strconv.ParseInt(s.tag.Get("max"), 10, 64)
	if n.kind != 'n' || err != nil || number < least || number > most {
		what := "is not a whole number "
		if unit := s.tag.Get("unit"); unit != "" {
			what += "of " + unit + " "
		}
		f.fault(s.pointer, what+"from "+s.tag.Get("min")+" to "+s.tag.Get("max"))
	}
	v.SetInt(number)
}

// list takes a set of strings.
func (f *filler) list(n node, v reflect.Value, s slot) {
	least, _ := strconv.Atoi(s.tag.Get("min"))
	most, _ := strconv.Atoi(s.tag.Get("max"))
	if n.kind != '[' || len(n.items) < least || len(n.items) > most {
		f.fault(s.pointer, "is not a list of "+strconv.Itoa(least)+" to "+strconv.Itoa(most)+" strings")
		return
	}
	texts := []string{}
	for i, item := range n.items {
		at := s.pointer + "/" + strconv.Itoa(i)
		switch {
		case item.kind != 's' || item.text == "":
			f.fault(at, "is not a string, or empty")
		case slices.Contains(texts, item.text):
			f.fault(at, "is there twice")
		}
		texts = append(texts, item.text)
	}
	v.Set(reflect.ValueOf(texts))
}

// texts takes an object of strings. A patch changes what it names and leaves the rest.
func (f *filler) texts(n node, v reflect.Value, s slot) {
	if n.kind != '{' {
		f.fault(s.pointer, "is not an object")
		return
	}
	texts := map[string]string{}
	if f.patching {
		for _, name := range v.MapKeys() {
			texts[name.String()] = v.MapIndex(name).String()
		}
	}
	seen := map[string]bool{}
	for _, m := range n.members {
		switch {
		case seen[m.name]:
			f.fault(s.below(m.name), "is there twice")
		case m.value.kind == '0' && f.patching:
			delete(texts, m.name)
		case m.value.kind != 's':
			f.fault(s.below(m.name), "is not a string")
		default:
			texts[m.name] = m.value.text
		}
		seen[m.name] = true
	}
	v.Set(reflect.ValueOf(texts))
}

func (f *filler) object(n node, v reflect.Value, s slot) {
	if n.kind != '{' {
		f.fault(s.pointer, "is not an object")
		return
	}
	known := map[string]field{}
	fieldsOf(v, s.fallback, known)
	seen := map[string]bool{}
	for _, m := range n.members {
		at := s.below(m.name)
		one, ok := known[m.name]
		switch {
		case !ok:
			f.fault(at, "there is no such member")
		case seen[m.name]:
			f.fault(at, "is there twice")
		default:
			f.value(m.value, one.value, slot{at, one.tag, one.fallback})
		}
		seen[m.name] = true
	}
}

type field struct {
	value, fallback reflect.Value
	tag             reflect.StructTag
}

// fieldsOf finds the fields of a struct, and of those it embeds, by their names in JSON.
func fieldsOf(v, fallback reflect.Value, known map[string]field) {
	for i := range v.NumField() {
		spec, below := v.Type().Field(i), reflect.Value{}
		if fallback.IsValid() {
			below = fallback.Field(i)
		}
		if spec.Anonymous {
			fieldsOf(v.Field(i), below, known)
			continue
		}
		name, _, _ := strings.Cut(spec.Tag.Get("json"), ",")
		known[name] = field{v.Field(i), below, spec.Tag}
	}
}
