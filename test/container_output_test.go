package test

import "github.com/rogpeppe/go-internal/testscript"

// maxRuns limits how often a container that prints nothing is run.
const maxRuns = 20

// untilSaid runs a container until its output is not empty. On a busy machine, an engine
// may lose the output of a short container: dockerd, for example, waits only a few
// seconds for the container's streams.
func untilSaid(run func() ([]byte, error)) (output []byte, err error) {
	for range maxRuns {
		if output, err = run(); err != nil || len(output) > 0 {
			break
		}
	}
	return output, err
}

func saysCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) >= 1, "says PROGRAM [ARG...]")
	_, err := untilSaid(func() ([]byte, error) {
		err := ts.Exec(args[0], args[1:]...)
		return []byte(ts.ReadFile("stdout")), err
	})
	if err != nil {
		ts.Fatalf("%s: %v", args[0], err)
	}
}
