package main

import (
	"errors"
	"strings"

	"hocker/fetcher/reference"
)

// plainHTTPFlag is for the commands whose registry is named on the command
// line.
type plainHTTPFlag struct {
	PlainHTTP bool `name:"plain-http" help:"Use plain http for a registry named without http:// or https://."`
}

var errNotPlain = errors.New("--plain-http: this registry needs https: it is Docker Hub, or named with https://")

// address adds the scheme to a registry, or to an image's name that begins with
// one.
func (f plainHTTPFlag) address(s string) string {
	if !f.PlainHTTP || s == "" || strings.Contains(s, "://") {
		return s
	}
	return "http://" + s
}

// check makes sure that the addresses agree with the flag.
func (f plainHTTPFlag) check(r reference.Registry) error {
	if f.PlainHTTP && r.Scheme != "http" {
		return errNotPlain
	}
	return nil
}
