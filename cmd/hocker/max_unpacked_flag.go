package main

import "fmt"

// maxUnpackedFlag limits the size of unpacked layers.
type maxUnpackedFlag struct {
	MaxUnpacked int64 `placeholder:"BYTES" help:"Largest size of an unpacked layer (default: 1 GiB, or 100 times the size of the layer if that is more)."`
}

func (f *maxUnpackedFlag) check() error {
	if f.MaxUnpacked < 0 {
		return fmt.Errorf("--max-unpacked must be at least 1")
	}
	return nil
}
