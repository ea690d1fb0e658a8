package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"hocker/fetcher"
	"hocker/fetcher/bounded"
	"hocker/fetcher/signature"
)

// verifyFlags are the flags of commands that can verify who signed an image.
type verifyFlags struct {
	VerifyKey []string `group:"signatures" sep:"none" placeholder:"FILE" help:"Only accept an image that the owner of this public key has signed with cosign. Can be repeated: one of the keys is enough."`
	Policy    string   `group:"signatures" placeholder:"FILE" help:"Only accept an image that is signed as this policy.json asks for."`
}

// check is called by Validate.
func (f verifyFlags) check() error {
	if f.Policy != "" && len(f.VerifyKey) > 0 {
		return fmt.Errorf("--verify-key and --policy cannot be used together: the policy names the keys")
	}
	return nil
}

// verifies reports whether images are to be verified.
func (f verifyFlags) verifies() bool { return f.Policy != "" || len(f.VerifyKey) > 0 }

// verifier makes a verifier for images of a registry. It is nil if images are not to be
// verified.
func (f verifyFlags) verifier(ctx context.Context, p process, client *fetcher.Client, warn func(line string)) (*verifier, error) {
	if !f.verifies() {
		return nil, nil
	}
	trusted, err := readTrusted(ctx, f.VerifyKey, f.Policy)
	if err != nil {
		return nil, err
	}
	trusted.Source = fetcher.Signatures{Client: client}
	return &verifier{trusted, cacheFolder(p), warn}, nil
}

// readTrusted reads the keys, or the policy if there is one. The files may be pipes.
func readTrusted(ctx context.Context, keys []string, policy string) (*signature.Verifier, error) {
	v := &signature.Verifier{ReadFile: func(path string) ([]byte, error) { return readKeyFile(ctx, path) }}
	for _, path := range keys {
		data, err := v.ReadFile(path)
		if err != nil {
			return nil, err
		}
		found, err := signature.ParseKeys(path, data)
		if err != nil {
			return nil, &usageError{err: err}
		}
		v.Keys = append(v.Keys, found...)
	}
	if policy == "" {
		return v, nil
	}
	data, err := readLimited(ctx, policy, signature.MaxPolicyFile, "a policy")
	if err != nil {
		return nil, err
	}
	if v.Policy, err = signature.ParsePolicy(data); err != nil {
		return nil, usagef("policy %s: %w", policy, err)
	}
	return v, nil
}

func readKeyFile(ctx context.Context, path string) ([]byte, error) {
	return readLimited(ctx, path, signature.MaxKeyFile, "a key")
}

// readLimited reads a file of the user, which may be a pipe, and not more than limit
// bytes.
func readLimited(ctx context.Context, path string, limit int64, what string) ([]byte, error) {
	data, err := bounded.ReadFile(ctx, path, limit, what)
	if errors.As(err, new(*fs.PathError)) {
		err = &usageError{err: err}
	}
	return data, err
}
