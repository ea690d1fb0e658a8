package main

import (
	"io"

	"hocker/fetcher"
)

// outputFlag says where a command's result goes.
type outputFlag struct {
	Out string `short:"o" placeholder:"PATH" help:"Write to this file instead of standard output (-)."`
}

// write calls produce with the place to write to. A file appears only if
// produce succeeds.
func (o outputFlag) write(p process, produce func(io.Writer) error) error {
	if o.Out == "" || o.Out == "-" {
		return produce(p.stdout)
	}
	f, err := fetcher.CreateFile(o.Out)
	if err != nil {
		return err
	}
	defer f.Discard()
	if err := produce(f); err != nil {
		return err
	}
	return f.Commit()
}

func (o outputFlag) writeBytes(p process, data []byte) error {
	return o.write(p, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}
