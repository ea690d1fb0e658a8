// Command faults makes hocker and its peers fetch a layer from a faulty registry, and
// prints the results:
//
//	faults -hocker DIR -peers DIR
//
// The directory of hocker has bin/hocker-layer, and that of the peers has crane, regctl
// and oras. curl and skopeo are the machine's.
package main

import (
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"time"
)

func main() {
	hocker := flag.String("hocker", "", "directory with bin/hocker-layer")
	peers := flag.String("peers", "", "directory with crane, regctl and oras")
	limit := flag.Duration("limit", 20*time.Second, "time after which a run hangs")
	only := flag.String("only", "", "only faults whose name contains this")
	flag.Parse()
	log.SetFlags(0)
	dir, err := os.MkdirTemp("", "hocker-faults-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	layer := make([]byte, 8_000_000)
	rand.NewChaCha8([32]byte{}).Read(layer)
	tools := allTools(*hocker, *peers)

	fmt.Print("| fault |")
	for _, t := range tools {
		fmt.Printf(" %s |", t.name)
	}
	fmt.Printf("\n|---|%s\n", strings.Repeat("---|", len(tools)))
	right := make([]int, len(tools))
	n := 0
	for _, r := range rows {
		if !strings.Contains(r.name, *only) {
			continue
		}
		n++
		// Each tool has its own registry, so that they do not disturb each other.
		verdicts := make([]verdict, len(tools))
		var wait sync.WaitGroup
		for i, t := range tools {
			wait.Go(func() {
				var err error
				if verdicts[i], err = try(r, t, layer, dir, *limit); err != nil {
					log.Fatalf("%s: %s: %v", r.name, t.name, err)
				}
			})
		}
		wait.Wait()
		fmt.Printf("| %s |", r.name)
		for i, v := range verdicts {
			fmt.Printf(" %s |", v)
			if v == endedRight || v == failedSafely {
				right[i]++
			}
		}
		fmt.Println()
	}
	fmt.Print("| **as good as possible** |")
	for _, count := range right {
		fmt.Printf(" **%d of %d** |", count, n)
	}
	fmt.Printf("\n\n¹ A run hangs after %v; hocker's timeouts are set to 3 s instead of 30. ² curl does not support tokens.\n", *limit)
}
