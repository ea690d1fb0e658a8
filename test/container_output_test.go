package test

import "github.com/rogpeppe/go-internal/testscript"

// maxRuns is how often a container that says nothing is run.
const maxRuns = 20

// untilSaid runs a container until its output is not empty. An engine on a busy machine
// may lose what a short container writes: dockerd, for one, waits a few seconds for the
// container's streams, and then goes on without them.
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
