package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"
)

// configFile resolves flags from a JSON object by kong's own rules. A member
// that is named after a command is an object with flags of that command alone,
// and wins. Members that are no flag are refused: a misspelt one must not be
// passed over.
type configFile struct {
	kong.Resolver
	members  map[string]json.RawMessage
	commands map[string]kong.Resolver
}

func readConfig(r io.Reader) (kong.Resolver, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	c := configFile{commands: make(map[string]kong.Resolver)}
	if err := json.Unmarshal(text, &c.members); err != nil {
		return nil, fmt.Errorf("not a JSON object: %w", err)
	}
	for name, value := range c.members {
		if value[0] != '{' {
			continue
		}
		if c.commands[name], err = kong.JSON(bytes.NewReader(value)); err != nil {
			return nil, err
		}
	}
	c.Resolver, err = kong.JSON(bytes.NewReader(text))
	return c, err
}

// Resolve leaves a flag alone that the environment has set: kong would have the
// file win.
func (c configFile) Resolve(ctx *kong.Context, parent *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil, nil
		}
	}
	if own := c.commands[parent.Node().Name]; own != nil {
		if value, err := own.Resolve(ctx, parent, flag); value != nil || err != nil {
			return value, err
		}
	}
	return c.Resolver.Resolve(ctx, parent, flag)
}

// Validate is called by kong when it knows all flags.
func (c configFile) Validate(app *kong.Application) error {
	known := make(map[string]bool)
	addFlags(known, app.Node)
	for _, command := range app.Children {
		if text := c.members[command.Name]; text != nil {
			own := make(map[string]bool)
			addFlags(own, command)
			if err := refuseUnknown(text, own); err != nil {
				return fmt.Errorf("%w of %s", err, command.Name)
			}
			known[command.Name] = true
		}
	}
	whole, err := json.Marshal(c.members)
	if err != nil {
		return err
	}
	return refuseUnknown(whole, known)
}

func refuseUnknown(object []byte, known map[string]bool) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(object, &members); err != nil {
		return fmt.Errorf("config file: %w", err)
	}
	for member := range members {
		if !known[strings.ReplaceAll(member, "_", "-")] {
			return fmt.Errorf("config file: there is no flag %q", member)
		}
	}
	return nil
}

func addFlags(known map[string]bool, n *kong.Node) {
	for _, f := range n.Flags {
		known[f.Name] = true
	}
	for _, child := range n.Children {
		addFlags(known, child)
	}
}
