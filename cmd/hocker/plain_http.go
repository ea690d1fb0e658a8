package main

import (
	"errors"
	"strings"

	"hocker/fetcher/reference"
)

// plainHTTPFlag is for the commands that are told on the command line which
// registry to ask.
type plainHTTPFlag struct {
	PlainHTTP bool `name:"plain-http" help:"Use plain http for a registry named without http:// or https://."`
}

var errNotPlain = errors.New("--plain-http: the registry is one that is spoken to by https: Docker Hub, or one named with https://")

// address puts the scheme before a registry, or an image's name that begins with one.
func (f plainHTTPFlag) address(s string) string {
	if !f.PlainHTTP || s == "" || strings.Contains(s, "://") {
		return s
	}
	return "http://" + s
}

// check makes sure that what the flag says is so.
func (f plainHTTPFlag) check(r reference.Registry) error {
	if f.PlainHTTP && r.Scheme != "http" {
		return errNotPlain
	}
	return nil
}
