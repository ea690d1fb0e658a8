package main

import "os"

// process is a command's view of its environment.
type process struct {
	args           []string // including the name of the program
	getenv         func(string) string
	lookupEnv      func(string) (string, bool)
	stdin          *os.File
	stdout, stderr *output
}
