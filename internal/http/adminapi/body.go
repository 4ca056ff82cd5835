package adminapi

import (
	"cmp"
	"io"
	"maps"
	"math"
	"mime"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

const (
	typeJSON  = "application/json"
	typePatch = "application/merge-patch+json" // RFC 7396
)

// body reads a JSON object into a struct of adminwire. It is strict: it refuses members that are not
// described, that occur twice, or that have another type, and names the place of each.
func (c *call) body(into any) error {
	return c.object(func(f *filler) members { return f.fields(reflect.ValueOf(into).Elem(), reflect.Value{}) })
}

// object reads a JSON object with these members.
func (c *call) object(known func(*filler) members) error {
	root, err := c.parsed(typeJSON)
	if err != nil {
		return err
	}
	var f filler
	f.object(root, "", known(&f))
	return refuseFaults(f.faults)
}

// mergePatch is the JSON Merge Patch of a request (RFC 7396). It is read once, and may be applied to several
// revisions.
type mergePatch struct{ root node }

// mergePatch reads a patch. It refuses one that has no members.
func (c *call) mergePatch() (mergePatch, error) {
	root, err := c.parsed(typePatch)
	if err == nil && root.kind == '{' && len(root.members) == 0 {
		err = refuseFaults(web.FaultErrors{{Pointer: "", Detail: "the patch is empty"}})
	}
	return mergePatch{root}, err
}

// apply changes the known members that the patch names; null resets a member.
func (p mergePatch) apply(known func(*filler) members) error {
	f := filler{patching: true}
	f.object(p.root, "", known(&f))
	return refuseFaults(f.faults)
}

// fields returns what apply needs to patch a struct of adminwire; null sets a field to that of defaults.
func fields(into, defaults any) func(*filler) members {
	return func(f *filler) members {
		return f.fields(reflect.ValueOf(into).Elem(), reflect.ValueOf(defaults).Elem())
	}
}

func (c *call) parsed(mediaType string) (node, error) {
	if sent, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type")); err != nil || sent != mediaType {
		return node{}, oauth.Refuse(oauth.UnsupportedMediaType, "the Content-Type must be "+mediaType, nil)
	}
	raw, err := io.ReadAll(c.r.Body)
	if err != nil {
		return node{}, web.ReadError(err)
	}
	root, err := parse(raw)
	if err != nil {
		return node{}, oauth.Refuse(oauth.InvalidRequest, "the body is not one JSON value in UTF-8", nil)
	}
	return root, nil
}

// members are the members that an object may have, each with the function that reads its value.
type members map[string]func(n node, at string)

// filler reads JSON values into Go values, and collects the mistakes with their places.
type filler struct {
	patching bool
	faults   web.FaultErrors
}

// slot is a place in a body: its JSON pointer, its bounds, and the value that null stands for.
type slot struct {
	pointer string
	bounds
	fallback reflect.Value // when patching
}

// bounds are the limits of a value.
type bounds struct {
	min, max   int64 // of a number, or of the length of a list
	unit       string
	mayBeEmpty bool // an empty string
	noNull     bool // in a patch
}

// boundsOf reads the tags that package adminwire describes.
func boundsOf(tag reflect.StructTag) bounds {
	least, _ := strconv.ParseInt(tag.Get("min"), 10, 64)
	most, _ := strconv.ParseInt(tag.Get("max"), 10, 64)
	return bounds{min: least, max: most, unit: tag.Get("unit"), mayBeEmpty: tag.Get("empty") == "yes", noNull: tag.Get("null") == "no"}
}

// below is the JSON pointer of a member (RFC 6901), cut to a length that fits an answer.
func below(pointer, name string) string {
	name = strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
	return pointer + "/" + string([]rune(name)[:min(len([]rune(name)), 100)])
}

func (f *filler) fault(pointer, detail string) {
	if len(pointer) > 300 {
		pointer = pointer[:300]
	}
	f.faults = append(f.faults, adminwire.Fault{Pointer: strings.ToValidUTF8(pointer, ""), Detail: detail})
}

func (f *filler) value(n node, v reflect.Value, s slot) {
	if n.kind == '0' {
		if !f.patching || s.noNull || !s.fallback.IsValid() {
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
		f.value(n, v.Elem(), slot{s.pointer, s.bounds, reflect.Value{}})
	case reflect.Struct:
		f.object(n, s.pointer, f.fields(v, s.fallback))
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
		} else if n.text == "" && !s.mayBeEmpty {
			f.fault(s.pointer, "is empty")
		}
		v.SetString(n.text)
	}
}

func (f *filler) time(n node, v reflect.Value, s slot) {
	at, fault := parseTime(n.text)
	if n.kind != 's' || fault != "" {
		f.fault(s.pointer, cmp.Or(fault, "is not a string"))
	}
	v.Set(reflect.ValueOf(at))
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
	if n.kind != 'n' || err != nil || number < s.min || number > s.max {
		what := "is not a whole number "
		if s.unit != "" {
			what += "of " + s.unit + " "
		}
		f.fault(s.pointer, what+"from "+strconv.FormatInt(s.min, 10)+" to "+strconv.FormatInt(s.max, 10))
	}
	v.SetInt(number)
}

// list reads a set of strings.
func (f *filler) list(n node, v reflect.Value, s slot) {
	if n.kind != '[' || len(n.items) < int(s.min) || len(n.items) > int(s.max) {
		f.fault(s.pointer, "is not a list of "+strconv.FormatInt(s.min, 10)+" to "+strconv.FormatInt(s.max, 10)+" strings")
		return
	}
	texts := []string{}
	for i, item := range n.items {
		at := s.pointer + "/" + strconv.Itoa(i)
		switch {
		case item.kind != 's' || item.text == "":
			f.fault(at, "is not a string, or is empty")
		case slices.Contains(texts, item.text):
			f.fault(at, "is duplicated")
		}
		texts = append(texts, item.text)
	}
	v.Set(reflect.ValueOf(texts))
}

// texts reads an object of strings. A patch changes only the members that it names.
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
			f.fault(below(s.pointer, m.name), "is duplicated")
		case m.value.kind == '0' && f.patching:
			delete(texts, m.name)
		case m.value.kind != 's':
			f.fault(below(s.pointer, m.name), "is not a string")
		default:
			texts[m.name] = m.value.text
		}
		seen[m.name] = true
	}
	v.Set(reflect.ValueOf(texts))
}

func (f *filler) object(n node, pointer string, known members) {
	if n.kind != '{' {
		f.fault(pointer, "is not an object")
		return
	}
	seen := map[string]bool{}
	for _, m := range n.members {
		at := below(pointer, m.name)
		read, ok := known[m.name]
		switch {
		case !ok:
			f.fault(at, "there is no such member")
		case seen[m.name]:
			f.fault(at, "is duplicated")
		default:
			read(m.value, at)
		}
		seen[m.name] = true
	}
}

// fields returns the fields of a struct, and of those it embeds, by their names in JSON.
func (f *filler) fields(v, fallback reflect.Value) members {
	all := members{}
	for i := range v.NumField() {
		spec, field, below := v.Type().Field(i), v.Field(i), reflect.Value{}
		if fallback.IsValid() {
			below = fallback.Field(i)
		}
		if spec.Anonymous {
			maps.Copy(all, f.fields(field, below))
			continue
		}
		name, _, _ := strings.Cut(spec.Tag.Get("json"), ",")
		all[name] = func(n node, at string) { f.value(n, field, slot{at, boundsOf(spec.Tag), below}) }
	}
	return all
}
