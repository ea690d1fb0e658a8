package credential

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"hocker/fetcher/bounded"
	"hocker/fetcher/internal/subprocess"
	"hocker/fetcher/reference"
)

// dockerHubServer is Docker Hub's server URL in credential helpers.
const dockerHubServer = "https://index.docker.io/v1/"

// askHelper gets the credential of a registry from docker-credential-HELPER:
// https://github.com/docker/docker-credential-helpers#development
func askHelper(ctx context.Context, helper string, r reference.Registry) (Credential, error) {
	server := r.Name()
	if r.IsDockerHub() {
		server = dockerHubServer
	}
	c, err := runHelper(ctx, "docker-credential-"+helper, server)
	if err == nil {
		err = c.Validate()
	}
	if err != nil {
		return Credential{}, fmt.Errorf("credential helper docker-credential-%s: %w", helper, err)
	}
	return c, nil
}

// The user name that helpers return with an identity token, and their message if they
// have no credential.
const (
	helperToken    = "<token>"
	helperNotFound = "credentials not found in native keychain"
)

func runHelper(ctx context.Context, program, server string) (Credential, error) {
	command := subprocess.Command(ctx, syscall.SIGKILL, program, "get")
	command.Stdin, command.Stderr = strings.NewReader(server), os.Stderr
	stdout := &bounded.Output{Limit: maxCredentialFile, What: "a credential"}
	command.Stdout = stdout
	err := command.Run()
	if large := stdout.Err(); large != nil {
		return Credential{}, fmt.Errorf("output: %w", large)
	}
	output := stdout.Bytes()
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil // it succeeded, but left an agent running that holds its output open
	}
	message := string(bytes.TrimSpace(output))
	switch {
	case err != nil && message == helperNotFound:
		return Credential{}, nil
	case errors.As(err, new(*exec.ExitError)) && message != "":
		return Credential{}, errors.New(message)
	case err != nil:
		return Credential{}, err
	}
	var found struct{ Username, Secret string }
	if err := json.Unmarshal(output, &found); err != nil {
		return Credential{}, err
	}
	if found.Username == helperToken {
		return Credential{IdentityToken: found.Secret}, nil
	}
	return Credential{Username: found.Username, Password: found.Secret}, nil
}
