package servers

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// realmName is the realm of basic authentication and the service of tokens.
const realmName = "hocker-tests"

// configure writes docker-registry's configuration and the files it names.
func (r *Registry) configure() error {
	storage := map[string]any{
		"filesystem":  map[string]any{"rootdirectory": r.storage()},
		"delete":      map[string]any{"enabled": true},
		"maintenance": map[string]any{"uploadpurging": map[string]any{"enabled": false}},
	}
	config := map[string]any{
		"version": 0.1,
		"log":     map[string]any{"level": "warn", "accesslog": map[string]any{"disabled": true}},
		"storage": storage,
		"http": map[string]any{
			"net":    "unix",
			"addr":   r.socket(),
			"secret": "upload state, not a credential",
		},
	}
	// Foreign layers may be at the tests' other servers.
	config["validation"] = map[string]any{"manifests": map[string]any{"urls": map[string]any{
		"allow": []string{`^http://127\.0\.0\.1:`},
	}}}
	if r.options.Schema1 {
		config["compatibility"] = map[string]any{"schema1": map[string]any{"enabled": true}}
	}
	if r.Blobs != nil {
		config["middleware"] = map[string]any{"storage": []any{map[string]any{
			"name": "redirect", "options": map[string]any{"baseurl": "http://" + r.Blobs.Addr()},
		}}}
	}
	auth, err := r.auth()
	if err != nil {
		return err
	}
	if auth != nil {
		config["auth"] = auth
	}
	// docker-registry reads YAML, and JSON is YAML.
	data, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(r.configPath(), data, 0o644)
}

// auth is the configuration's auth section, nil for an anonymous registry.
func (r *Registry) auth() (map[string]any, error) {
	switch {
	case r.Tokens != nil:
		certificate := filepath.Join(r.dir, "token.pem")
		if err := os.WriteFile(certificate, r.Tokens.Certificate(), 0o644); err != nil {
			return nil, err
		}
		return map[string]any{"token": map[string]any{
			"realm":          r.Tokens.Realm(),
			"service":        r.Tokens.Service(),
			"issuer":         tokenIssuer,
			"rootcertbundle": certificate,
		}}, nil
	case r.options.Basic != nil:
		path := filepath.Join(r.dir, "htpasswd")
		if err := writeHtpasswd(path, *r.options.Basic); err != nil {
			return nil, err
		}
		return map[string]any{"htpasswd": map[string]any{"realm": realmName, "path": path}}, nil
	}
	return nil, nil
}

// writeHtpasswd writes a password file with bcrypt, the only hash that
// docker-registry accepts and one that nginx accepts too.
func writeHtpasswd(path string, account Account) error {
	program, err := lookPath("htpasswd")
	if err != nil {
		return err
	}
	// -i reads the password from stdin; -C 4 is the cheapest that bcrypt has.
	cmd := exec.Command(program, "-i", "-n", "-B", "-C", "4", account.Username)
	cmd.Stdin = strings.NewReader(account.Password)
	line, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("htpasswd: %w", err)
	}
	return os.WriteFile(path, line, 0o644)
}
