//go:build race

package main

// raced says that the race detector is at work, which makes the program many
// times slower.
const raced = true
