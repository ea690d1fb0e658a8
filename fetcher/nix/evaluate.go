package nix

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"hocker/fetcher/bounded"
	"hocker/fetcher/internal/subprocess"
)

// Evaluate returns the images that an expression makes with fetchdocker. The
// expression is the output of docker2nix or any other function that takes the
// fetch functions. Nix evaluates the file as nix-build does, but builds
// nothing. Parts that come from no fetch function, such as a file as the
// config, are left out.
//
// Errors: *[ExpressionError], *[StoreError] if there is no Nix.
func Evaluate(ctx context.Context, file string) ([]ImageBlobs, error) {
	evaluated, err := evaluate(ctx, file)
	if err != nil {
		return nil, err
	}
	if len(evaluated) == 0 {
		return nil, &ExpressionError{"it does not evaluate to an image: expected a function of fetchDockerConfig, fetchDockerLayer and fetchdocker, as docker2nix writes it"}
	}
	images := make([]ImageBlobs, len(evaluated))
	for i, e := range evaluated {
		if images[i], err = e.image(); err != nil {
			return nil, err
		}
	}
	return images, nil
}

// evaluator is the expression that evaluates the user's expression.
//
//go:embed evaluate.nix
var evaluator string

func evaluate(ctx context.Context, file string) ([]evaluatedImage, error) {
	// Nix resolves imports relative to the file itself, not to a link to it.
	file, err := filepath.Abs(file)
	if err == nil {
		file, err = filepath.EvalSymlinks(file)
	}
	if err != nil {
		return nil, err
	}
	stdout := &bounded.Output{Limit: maxEvaluated, What: "the arguments of its images"}
	stderr := &bounded.Output{Limit: maxEvaluated, What: "the messages of Nix"}
	command := subprocess.Command(ctx, syscall.SIGTERM, "nix-instantiate",
		"--eval", "--strict", "--json", "--expr", evaluator, "--argstr", "file", file,
		// The user named this file, so it and the files beside it may be read
		// even if nix.conf asks for pure or restricted evaluation.
		"--option", "pure-eval", "false", "-I", filepath.Dir(file))
	command.Stdout, command.Stderr = stdout, stderr
	err = command.Run()
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case stdout.Err() != nil, stderr.Err() != nil:
		return nil, &ExpressionError{cmp.Or(stdout.Err(), stderr.Err()).Error()}
	case errors.As(err, new(*exec.ExitError)):
		return nil, &ExpressionError{evaluationError(string(stderr.Bytes()))}
	default:
		return nil, &StoreError{Command: "nix-instantiate", Err: err}
	}
	var images []evaluatedImage
	if err := json.Unmarshal(stdout.Bytes(), &images); err != nil {
		return nil, fmt.Errorf("nix-instantiate: %w", err)
	}
	return images, nil
}

// maxEvaluated limits the output of Nix: an image has a few hundred bytes for
// each layer.
const maxEvaluated = 64 << 20

// evaluationError returns the last error in Nix's output, with its position.
// The lines before it trace the evaluation; the lines after it quote code.
func evaluationError(output string) string {
	if i := strings.LastIndex(output, "error:"); i >= 0 {
		output = output[i+len("error:"):]
	}
	var reason []string
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		position, isPosition := strings.CutPrefix(line, "at ")
		switch {
		case isPosition && strings.HasPrefix(position, "/"):
			return strings.Join(reason, " ") + ", at " + strings.TrimSuffix(position, ":")
		case isPosition, strings.HasPrefix(line, "(use '--show-trace'"):
			return strings.Join(reason, " ")
		}
		reason = append(reason, strings.Fields(line)...)
	}
	return strings.Join(reason, " ")
}
