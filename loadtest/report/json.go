package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// JSON writes the Result for scripts, and for Read.
func JSON(w io.Writer, r *Result) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("the report as JSON: %w", err)
	}
	return nil
}

// Read takes back what JSON wrote. Fields that it does not know are left out:
// they are a newer version's.
func Read(from io.Reader) (*Result, error) {
	d := json.NewDecoder(from)
	var r Result
	if err := d.Decode(&r); err != nil {
		return nil, fmt.Errorf("not a report of tickwire load: %w", err)
	}
	if r.Mode != Publish && r.Mode != Passive {
		return nil, fmt.Errorf("not a report of tickwire load: its mode is %q, want %q or %q", r.Mode, Publish, Passive)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("not a report of tickwire load: something follows the JSON")
	}
	return &r, nil
}
