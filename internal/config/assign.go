package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// assign writes a raw value, as the YAML file or a variable has it, into the field's place in a struct. It records each
// mistake under the key at, in words that show no secret.
func assign(into reflect.Value, f Field, raw any, at string, wrong *Problems) {
	if raw == nil {
		return
	}
	if null, isNull := raw.(explicitNull); isNull {
		if f.Kind == Text || f.Secret() {
			wrong.add(at, "is "+string(null)+", which YAML reads as a null value and not as text", `write it in quotes ("`+string(null)+`") if it is the text, or leave the value empty`)
		}
		return
	}
	place := f.of(into)
	var err error
	switch f.Kind {
	case Objects:
		assignObjects(place, f, raw, at, wrong)
		return
	case List, Hiddens:
		err = assignList(place, raw)
	default:
		err = assignOne(place, f.Kind, raw)
	}
	if err != nil {
		wrong.add(at, err.Error(), "")
		return
	}
	checkBounds(place, f, at, wrong)
}

func assignOne(place reflect.Value, kind Kind, raw any) error {
	text, ok := scalar(raw)
	if !ok {
		return errors.New("must be one value, not a list or a section")
	}
	if kind != Hidden { // spaces are part of a secret
		text = strings.TrimSpace(text)
	}
	switch kind {
	case Number:
		n, err := strconv.Atoi(text)
		if err != nil {
			return errors.New("must be a whole number, in decimal digits")
		}
		place.SetInt(int64(n))
	case Switch:
		on, err := strconv.ParseBool(text)
		if err != nil {
			return errors.New("must be true or false")
		}
		place.SetBool(on)
	case Duration:
		d, err := ParseDuration(text)
		if err != nil {
			return err
		}
		place.SetInt(int64(d))
	default:
		place.SetString(text)
	}
	return nil
}

// scalar returns a single value as text, as it is written.
func scalar(raw any) (string, bool) {
	switch value := raw.(type) {
	case string:
		return value, true
	case json.Number:
		return value.String(), true
	case bool: // from a list of objects in JSON
		return strconv.FormatBool(value), true
	default:
		return "", false
	}
}

// assignList accepts a YAML list, or one text with commas.
func assignList(place reflect.Value, raw any) error {
	var parts []string
	if all, isList := raw.([]any); isList {
		for _, one := range all {
			text, ok := scalar(one)
			switch {
			case ok:
				parts = append(parts, text)
			case one != nil:
				return errors.New("must be a list of single values, with quotes around text that YAML reads as null")
			}
		}
	} else {
		text, ok := scalar(raw)
		if !ok {
			return errors.New("must be a list, or one text with commas")
		}
		parts = strings.Split(text, ",")
	}
	list := reflect.MakeSlice(place.Type(), 0, len(parts))
	for _, part := range parts {
		if part = strings.TrimSpace(part); part != "" {
			list = reflect.Append(list, reflect.ValueOf(part).Convert(place.Type().Elem()))
		}
	}
	place.Set(list)
	return nil
}

// assignObjects accepts a YAML list of sections, or the same as JSON text.
func assignObjects(place reflect.Value, f Field, raw any, at string, wrong *Problems) {
	if text, isText := raw.(string); isText {
		if strings.TrimSpace(text) == "" {
			return
		}
		parsed, err := parseJSON(text)
		if err != nil {
			wrong.add(at, "must be a JSON list of objects when a variable sets it", "")
			return
		}
		raw = parsed
	}
	all, isList := raw.([]any)
	if !isList {
		wrong.add(at, "must be a list", "each item begins with a dash: - "+f.Items[0].Key+": ...")
		return
	}
	list := reflect.MakeSlice(place.Type(), len(all), len(all))
	for i, one := range all {
		assignObject(list.Index(i), f, one, fmt.Sprintf("%s[%d]", at, i), wrong)
	}
	place.Set(list)
}

// parseJSON reads one JSON value. Numbers keep their text.
func parseJSON(text string) (any, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var parsed any
	if err := decoder.Decode(&parsed); err != nil {
		return nil, err
	}
	if decoder.More() {
		return nil, errors.New("more than one value")
	}
	return parsed, nil
}

func assignObject(into reflect.Value, f Field, raw any, at string, wrong *Problems) {
	section, isMap := raw.(map[string]any)
	if !isMap {
		wrong.add(at, "must be a section with "+strings.Join(keysOf(f.Items), ", "), "")
		return
	}
	for name := range section {
		if _, known := find(f.Items, name); !known {
			wrong.add(at+"."+name, "no such setting", didYouMean(name, keysOf(f.Items)))
		}
	}
	for _, item := range f.Items {
		assign(into, item, section[item.Key], at+"."+item.Key, wrong)
	}
}

// checkBounds compares a value with the bounds and the allowed values in the tags of its field.
func checkBounds(place reflect.Value, f Field, at string, wrong *Problems) {
	switch f.Kind {
	case Duration:
		low, high := bound(f.Min, ParseDuration), bound(f.Max, ParseDuration)
		checkRange(time.Duration(place.Int()), low, high, at, wrong)
	case Number:
		low, high := bound(f.Min, strconv.Atoi), bound(f.Max, strconv.Atoi)
		checkRange(int(place.Int()), low, high, at, wrong)
	case Text:
		checkOneOf(place.String(), f, at, wrong)
	case List:
		for i := range place.Len() {
			checkOneOf(place.Index(i).String(), f, at, wrong)
		}
	default:
	}
}

// bound reads a bound from a tag. It returns nil when the tag has none.
func bound[T any](text string, parse func(string) (T, error)) *T {
	limit, err := parse(text)
	if err != nil {
		return nil
	}
	return &limit
}

func checkRange[T int | time.Duration](value T, low, high *T, at string, wrong *Problems) {
	switch {
	case low != nil && value < *low:
		wrong.add(at, "is less than "+fmt.Sprint(*low), "the minimum is "+fmt.Sprint(*low))
	case high != nil && value > *high:
		wrong.add(at, "is more than "+fmt.Sprint(*high), "the maximum is "+fmt.Sprint(*high))
	}
}

func checkOneOf(value string, f Field, at string, wrong *Problems) {
	if value != "" && !allowed(value, f.OneOf) {
		wrong.add(at, fmt.Sprintf("%.60q is not one of %s", value, strings.Join(f.OneOf, ", ")), chooseOf(value, f))
	}
}

func keysOf(fields []Field) []string {
	keys := make([]string, len(fields))
	for i, f := range fields {
		keys[i] = f.Key
	}
	return keys
}

// find returns the field with a key.
func find(fields []Field, key string) (Field, bool) {
	for _, f := range fields {
		if f.Key == key {
			return f, true
		}
	}
	return Field{}, false
}
