package shape

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"hocker/fetcher/unit"
)

// unitFacts are the unit as NixOS describes one, for the Nix functions.
type unitFacts struct {
	Description   string         `json:"description"`
	After         []string       `json:"after"`
	WantedBy      []string       `json:"wantedBy"`
	ServiceConfig map[string]any `json:"serviceConfig"` // a string, or []string of a key with several
}

// buildService makes the folder with a systemd unit that runs the image.
func buildService(_ context.Context, b build, out string) error {
	u, err := readUnit(b)
	if err != nil {
		return err
	}
	name, err := required(b, "unit")
	if err != nil {
		return err
	}
	text, err := u.Text()
	if err != nil {
		return err
	}
	files := map[string]string{filepath.Join("lib/systemd/system", name+".service"): text}
	if accounts := u.Accounts(); accounts != "" {
		files[filepath.Join("lib/sysusers.d", name+".conf")] = accounts
	}
	if files["unit.json"], err = describe(u); err != nil {
		return err
	}
	for file, text := range files {
		path := filepath.Join(out, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			return err
		}
	}
	return nil
}

func readUnit(b build) (u unit.Unit, err error) {
	reference, process, err := readProcess(b)
	if err != nil {
		return u, err
	}
	u.Description, u.Process = cmp.Or(reference, "an image"), process
	if u.RootImage, err = required(b, "rootfs"); err != nil {
		return u, err
	}
	hardening, err := b.Text("hardening")
	if err != nil {
		return u, err
	}
	if err := json.Unmarshal(hardening, &u.Hardening); err != nil {
		return u, fmt.Errorf("attribute hardening: %w", err)
	}
	return u, nil
}

// describe returns the unit's facts as JSON.
func describe(u unit.Unit) (string, error) {
	settings, err := u.Settings()
	if err != nil {
		return "", err
	}
	facts := unitFacts{
		Description: u.Description, After: []string{"network.target"}, WantedBy: []string{"multi-user.target"},
		ServiceConfig: map[string]any{},
	}
	for _, s := range settings {
		switch before := facts.ServiceConfig[s.Key].(type) {
		case nil:
			facts.ServiceConfig[s.Key] = s.Value
		case string:
			facts.ServiceConfig[s.Key] = []string{before, s.Value}
		case []string:
			facts.ServiceConfig[s.Key] = append(before, s.Value)
		}
	}
	data, err := json.MarshalIndent(facts, "", "  ")
	return string(data) + "\n", err
}
