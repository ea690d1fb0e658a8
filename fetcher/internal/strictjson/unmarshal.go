package strictjson

import (
	"encoding/json"
	"reflect"
	"strings"
)

// Unmarshal is [json.Unmarshal] for a document that readers cannot read in two ways: no
// object has a key twice, and keys that belong to a field of v are written as the field's
// name, also where the right key is missing. Docker, containerd and podman, which use
// encoding/json, take another spelling for the same key; jq, Nix and libraries in other
// languages do not. Other keys are ignored, and may differ only in their case, as labels
// do.
//
// Errors: those of json.Unmarshal, *[KeyError].
func Unmarshal(data []byte, v any) error {
	if err := json.Unmarshal(data, v); err != nil {
		return err
	}
	c := checker{newReader(data), map[reflect.Type]map[string]reflect.Type{}}
	return c.check(reflect.TypeOf(v))
}

// checker checks the keys of a document.
type checker struct {
	*reader
	known map[reflect.Type]map[string]reflect.Type // the fields of structs
}

// check reads a value that belongs to a value of type t. t is nil if the value is ignored.
func (c *checker) check(t reflect.Type) error {
	token, err := c.token()
	if err != nil {
		return err
	}
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch token {
	case json.Delim('{'):
		return c.members(func(key string) error {
			value, err := c.value(t, key)
			if err != nil {
				return err
			}
			return c.check(value)
		})
	case json.Delim('['):
		var element reflect.Type
		if t != nil && (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) {
			element = t.Elem()
		}
		return c.elements(func() error { return c.check(element) })
	}
	return nil
}

// value returns the type of the value of a key in an object of type t, or nil.
func (c *checker) value(t reflect.Type, key string) (reflect.Type, error) {
	switch {
	case t == nil:
		return nil, nil
	case t.Kind() == reflect.Map:
		return t.Elem(), nil
	case t.Kind() != reflect.Struct:
		return nil, nil
	}
	fields, ok := c.known[t]
	if !ok {
		fields = fieldsOf(t)
		c.known[t] = fields
	}
	if field, ok := fields[key]; ok {
		return field, nil
	}
	for name := range fields {
		if strings.EqualFold(name, key) { // as encoding/json compares them
			return nil, &KeyError{Line: c.line, Want: name}
		}
	}
	return nil, nil
}

// fieldsOf returns the types of a struct's fields by their names in JSON.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for _, field := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case !field.IsExported(), name == "-", field.Anonymous && name == "":
		case name == "":
			fields[field.Name] = field.Type
		default:
			fields[name] = field.Type
		}
	}
	return fields
}
