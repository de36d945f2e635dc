package report

import (
	"fmt"
	"reflect"
	"strconv"
)

// setting is one field of a Config by its JSON name; one that is not set has no
// value.
type setting struct{ Name, Value string }

// fields are all of a Config. They are read by reflection, so that a new one can
// neither be missing in a report nor escape a comparison.
func (c Config) fields() (all []setting) {
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		field, value := v.Type().Field(i), v.Field(i)
		text := fmt.Sprint(value.Interface())
		switch {
		case value.Kind() == reflect.Float64:
			text = strconv.FormatFloat(value.Float(), 'f', -1, 64)
		case value.Kind() == reflect.Bool && value.Bool():
			text = "yes"
		case value.Kind() == reflect.Bool:
			text = "no"
		}
		if value.IsZero() && value.Kind() != reflect.Bool {
			text = ""
		}
		all = append(all, setting{Name: field.Tag.Get("json"), Value: text})
	}
	return all
}
