package main

// loadCmd is tickwire load.
type loadCmd struct {
	Run     loadRunCmd     `cmd:"" default:"withargs" help:"Put a load on a server, and tell whether what it sends is right and how old it is."`
	Compare loadCompareCmd `cmd:"" help:"Show the reports of two runs side by side."`
}
