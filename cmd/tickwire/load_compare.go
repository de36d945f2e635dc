package main

import (
	"fmt"
	"os"

	"tickwire/loadtest/report"
)

// loadCompareCmd is tickwire load compare.
type loadCompareCmd struct {
	Force bool   `help:"Compare runs of different configuration too." env:"TICKWIRE_LOAD_FORCE"`
	A     string `arg:"" name:"a.json" type:"existingfile" help:"Report of the one run, as --json wrote it."`
	B     string `arg:"" name:"b.json" type:"existingfile" help:"Report of the other."`
}

// Run shows both, and the ratio of each figure of B to that of A.
func (c *loadCompareCmd) Run(stdout *os.File) error {
	a, err := readReport(c.A)
	if err != nil {
		return err
	}
	b, err := readReport(c.B)
	if err != nil {
		return err
	}
	comparison, err := report.Compare(a, b, c.Force)
	if err != nil {
		return fmt.Errorf("load compare: %w (--force compares them all the same)", err)
	}
	return comparison.Text(stdout)
}

func readReport(name string) (*report.Result, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("load compare: %w", err)
	}
	defer f.Close()
	r, err := report.Read(f)
	if err != nil {
		return nil, fmt.Errorf("load compare: %s: %w", name, err)
	}
	return r, nil
}
