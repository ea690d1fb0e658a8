package shape

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"hocker/fetcher/image"

	"github.com/opencontainers/go-digest"
)

// baseImage is an image as nix2container writes and reads it:
// https://github.com/nlewo/nix2container/blob/20d339590c3c36252514a57b0241c47bcd8a08ce/types/types.go
type baseImage struct {
	Version int             `json:"version"`
	Config  json.RawMessage `json:"image-config"`
	Layers  []baseLayer     `json:"layers"`
	Arch    string          `json:"arch"`
	Created baseTime        `json:"created,omitempty"`
}

// baseLayer is a layer, and its entry in the history.
type baseLayer struct {
	Digest    digest.Digest `json:"digest"`
	Size      int64         `json:"size"`
	DiffID    digest.Digest `json:"diff_ids"`
	MediaType string        `json:"mediatype"`
	Path      string        `json:"layer-path"`
	History   baseHistory   `json:"History"`
}

// baseHistory is an entry of a config's history.
type baseHistory struct {
	Created   baseTime `json:"created,omitempty"`
	CreatedBy string   `json:"created_by,omitempty"`
	Author    string   `json:"author,omitempty"`
	Comment   string   `json:"comment,omitempty"`
	Empty     bool     `json:"empty_layer,omitempty"`
}

// baseTime is a time of a config, or empty: nix2container refuses text that is none, as some
// configs have it.
type baseTime string

// UnmarshalText implements [encoding.TextUnmarshaler].
func (t *baseTime) UnmarshalText(text []byte) error {
	if _, err := time.Parse(time.RFC3339, string(text)); err == nil {
		*t = baseTime(text)
	}
	return nil
}

// baseVersion is the version of the format.
const baseVersion = 1

// buildNix2container writes the image as a base image for nix2container. The layers stay
// where they are.
func buildNix2container(ctx context.Context, b build, out string) error {
	_, composition, err := readBuilt(ctx, b)
	if err != nil {
		return err
	}
	data, err := composition.ConfigBytes()
	if err != nil {
		return err
	}
	config, err := image.ParseConfig(data)
	if err == nil {
		err = config.CheckLayers(len(composition.Layers))
	}
	var document struct {
		Created baseTime        `json:"created"`
		Config  json.RawMessage `json:"config"`
		History []baseHistory   `json:"history"`
	}
	if err == nil {
		err = image.Unmarshal("config", data, &document)
	}
	if err != nil {
		return fmt.Errorf("config %s: %w", composition.Config.Path, err)
	}
	base := baseImage{Version: baseVersion, Config: document.Config, Layers: []baseLayer{}, Arch: config.Architecture, Created: document.Created}
	if base.Config == nil {
		base.Config = json.RawMessage("{}")
	}
	history := layerHistory(document.History, len(composition.Layers))
	for i, layer := range composition.Layers {
		base.Layers = append(base.Layers, baseLayer{layer.Digest, layer.Size, config.DiffIDs[i], layer.MediaType, layer.Path, history[i]})
	}
	text, err := json.MarshalIndent(base, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(out, append(text, '\n'), 0o666)
}

// layerHistory returns the entries of a history that are of layers: empty ones if it does
// not fit them.
func layerHistory(all []baseHistory, layers int) []baseHistory {
	var made []baseHistory
	for _, entry := range all {
		if !entry.Empty {
			made = append(made, entry)
		}
	}
	if len(made) != layers {
		return make([]baseHistory, layers)
	}
	return made
}
