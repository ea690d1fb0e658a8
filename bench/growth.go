package main

import (
	"fmt"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// growth measures how time and memory grow with the size and number of layers.
func (b *bench) growth() error {
	var contenders []contender
	for i, size := range []int64{1e6, 10e6, 100e6, 500e6, 2e9} {
		blob, err := b.registry.pushRandom("bench/growth", byte(10+i), size)
		if err != nil {
			return err
		}
		contenders = append(contenders, b.layer(fmt.Sprintf("%d MB", size/1e6), b.registry.addr, "bench/growth", blob))
	}
	if err := b.compare("hocker layer, by the size of the blob", contenders...); err != nil {
		return err
	}
	contenders = nil
	for _, n := range []int{1, 10, 100} {
		layers := make([]ocispec.Descriptor, n)
		for i := range layers {
			var err error
			if layers[i], err = b.registry.pushRandom("bench/many", byte(100+i), 1e6); err != nil {
				return err
			}
		}
		tag := fmt.Sprint(n)
		if err := b.registry.pushImage("bench/many", tag, layers, diffIDsOf(layers)); err != nil {
			return err
		}
		contenders = append(contenders, b.command(tag+" layers", "hocker.tar", b.tool("hocker-image"), "--quiet",
			"--out", b.out("hocker.tar"), b.registry.addr+"/bench/many:"+tag))
	}
	return b.compare("hocker-image, by the number of layers of 1 MB", contenders...)
}
