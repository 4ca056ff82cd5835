package adminclient_test

import (
	"net/http"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
)

// parameter is a parameter of an operation in admin.yaml.
type parameter struct {
	Ref  string `yaml:"$ref"`
	Name string `yaml:"name"`
	In   string `yaml:"in"`
}

// operations reads admin.yaml: the parameters of each operation, by "METHOD /path".
func operations(t *testing.T) map[string][]parameter {
	t.Helper()
	raw, err := os.ReadFile("../../../api/openapi/admin.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Paths      map[string]map[string]yaml.Node `yaml:"paths"`
		Components struct {
			Parameters map[string]parameter `yaml:"parameters"`
		} `yaml:"components"`
	}
	if err := yaml.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	all := map[string][]parameter{}
	for path, members := range file.Paths {
		for name, node := range members {
			var operation struct {
				Parameters []parameter `yaml:"parameters"`
			}
			if name == "parameters" {
				continue // those of the path itself
			}
			if err := node.Decode(&operation); err != nil {
				t.Fatal(err)
			}
			for i, one := range operation.Parameters {
				if at := strings.TrimPrefix(one.Ref, "#/components/parameters/"); at != "" {
					operation.Parameters[i] = file.Components.Parameters[at]
				}
			}
			all[strings.ToUpper(name)+" "+path] = operation.Parameters
		}
	}
	return all
}

// argument returns a value of a type in which everything that becomes a part of a request is set.
func argument(t *testing.T, of reflect.Type) reflect.Value {
	t.Helper()
	value := reflect.New(of).Elem()
	switch {
	case of == reflect.TypeFor[time.Time]():
		value.Set(reflect.ValueOf(time.Now()))
	case of.Name() == "Context":
		value.Set(reflect.ValueOf(t.Context()))
	case of.Kind() == reflect.String:
		value.SetString("x")
	case of.Kind() == reflect.Uint64:
		value.SetUint(1)
	case of.Kind() == reflect.Bool:
		value.SetBool(true)
	case of.Kind() == reflect.Slice && of.Elem().Kind() == reflect.String:
		value.Set(reflect.Append(value, argument(t, of.Elem())))
	case of.Kind() == reflect.Struct:
		for i := range of.NumField() {
			if of.Field(i).IsExported() {
				value.Field(i).Set(argument(t, of.Field(i).Type))
			}
		}
	case of.Kind() == reflect.Func:
		value.Set(reflect.MakeFunc(of, func([]reflect.Value) []reflect.Value {
			results := make([]reflect.Value, of.NumOut())
			for i := range results {
				results[i] = reflect.Zero(of.Out(i))
			}
			return results
		}))
	}
	return value
}

// Every request of the client is an operation of admin.yaml with parameters that it describes, and the client has every
// operation.
func TestTheClientFollowsOpenAPI(t *testing.T) {
	t.Parallel()
	described, called := operations(t), map[string]bool{}
	method := ""
	client := adminclient.Local(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{}`))
		for name, parameters := range described {
			verb, path, _ := strings.Cut(name, " ")
			pattern := "^/admin/v1" + regexp.MustCompile(`\{\w+\}`).ReplaceAllString(path, "[^/]+") + "$"
			if verb != r.Method || !regexp.MustCompile(pattern).MatchString(r.URL.Path) {
				continue
			}
			called[name] = true
			known := func(in, name string) bool { return slices.Contains(parameters, parameter{Name: name, In: in}) }
			for query := range r.URL.Query() {
				if !known("query", query) {
					t.Errorf("%s: %s does not describe the parameter %s", method, name, query)
				}
			}
			for _, header := range []string{"If-Match", "If-None-Match"} {
				if header == "If-None-Match" && r.Method != http.MethodPut {
					continue // Absent has a meaning only for an object that is put
				}
				if r.Header.Get(header) != "" && !known("header", header) {
					t.Errorf("%s: %s does not describe the header %s", method, name, header)
				}
			}
			return
		}
		t.Errorf("%s: admin.yaml has no %s %s", method, r.Method, r.URL.Path)
	}))
	value := reflect.ValueOf(client)
	for i := range value.NumMethod() {
		method = value.Type().Method(i).Name
		call := value.Method(i)
		var arguments []reflect.Value
		for n := range call.Type().NumIn() {
			arguments = append(arguments, argument(t, call.Type().In(n)))
		}
		for _, result := range call.Call(arguments) {
			if result.Kind() == reflect.Func { // an iterator asks when it is used
				result.Call([]reflect.Value{argument(t, result.Type().In(0))})
			}
		}
	}
	for name := range described {
		if !called[name] {
			t.Errorf("the client has no %s", name)
		}
	}
}
