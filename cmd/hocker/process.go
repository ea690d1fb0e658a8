package main

import "os"

// process is what a command sees of the world around it.
type process struct {
	args           []string // with the name it was called by
	getenv         func(string) string
	stdin          *os.File
	stdout, stderr *output
}
