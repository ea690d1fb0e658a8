package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// contender is one way to do what a benchmark measures.
type contender struct {
	name    string
	command func() *exec.Cmd
	// before prepares a run. after removes what the run made, so that the next one
	// finds disk and memory in the same state. Neither is timed.
	before, after func() error
}

// cost is the time and memory of one run.
type cost struct {
	Wall, CPU time.Duration
	Memory    int64 // peak resident set of the largest process, in bytes
}

// race runs the contenders in turn, so that a slow period of the machine affects all of
// them, and returns their costs in the order of the runs. The first round does not
// count: files are not cached yet, and a virtual machine still has to get memory from
// its host.
func (b *bench) race(contenders []contender) ([][]cost, error) {
	costs := make([][]cost, len(contenders))
	for round := range 1 + b.runs {
		for i, c := range contenders {
			if c.before != nil {
				if err := c.before(); err != nil {
					return nil, fmt.Errorf("%s: %w", c.name, err)
				}
			}
			// The next contender must not wait for this one's unwritten data.
			syscall.Sync()
			spent, err := b.run(c.command())
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			if round > 0 {
				costs[i] = append(costs[i], spent)
			}
			if c.after != nil {
				if err := c.after(); err != nil {
					return nil, fmt.Errorf("%s: %w", c.name, err)
				}
			}
		}
	}
	return costs, nil
}

// run runs one command and returns its cost.
func (b *bench) run(cmd *exec.Cmd) (spent cost, err error) {
	var output bytes.Buffer
	if cmd.Stdout == nil {
		cmd.Stdout = &output
	}
	cmd.Stderr = &output
	report, theirs, err := os.Pipe()
	if err != nil {
		return cost{}, err
	}
	defer report.Close()
	// bench/cost starts the command; its comment says why.
	args := strings.Join(cmd.Args, " ")
	cmd.Args = append([]string{"cost", cmd.Path}, cmd.Args[1:]...)
	cmd.Path = b.peer("cost")
	cmd.ExtraFiles = []*os.File{theirs}
	stop := context.AfterFunc(b.ctx, func() { cmd.Process.Kill() })
	defer stop()
	err = cmd.Run()
	theirs.Close()
	if err == nil {
		err = json.NewDecoder(report).Decode(&spent)
	}
	if err != nil {
		return cost{}, fmt.Errorf("%s: %w\n%s", args, err, output.Bytes())
	}
	return spent, nil
}

// table prints the contenders' costs, compared with those of the first one.
func table(title string, contenders []contender, costs [][]cost) {
	fmt.Printf("\n%s (median of %d runs, in turn, after one that does not count)\n\n", title, len(costs[0]))
	fmt.Printf("| | wall | from–to | CPU | peak RSS | first ÷ this |\n|---|---|---|---|---|---|\n")
	wall := func(c cost) time.Duration { return c.Wall }
	first := median(costs[0], wall)
	for i, c := range contenders {
		m := median(costs[i], wall)
		least, most := slices.MinFunc(costs[i], byWall), slices.MaxFunc(costs[i], byWall)
		fmt.Printf("| %s | %.2f s | %.2f–%.2f | %.2f s | %d MiB | %.2f |\n", c.name, m.Seconds(),
			least.Wall.Seconds(), most.Wall.Seconds(),
			median(costs[i], func(c cost) time.Duration { return c.CPU }).Seconds(),
			slices.MaxFunc(costs[i], func(a, b cost) int { return int(a.Memory - b.Memory) }).Memory>>20,
			first.Seconds()/m.Seconds())
	}
	fmt.Println("\nPeak RSS is that of the largest process.")
}

func byWall(a, b cost) int { return int(a.Wall - b.Wall) }

func median(costs []cost, of func(cost) time.Duration) time.Duration {
	values := make([]time.Duration, len(costs))
	for i, c := range costs {
		values[i] = of(c)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// without removes a file or folder.
func without(path string) func() error {
	return func() error { return os.RemoveAll(path) }
}
