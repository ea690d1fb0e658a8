package inspect

import "github.com/opencontainers/go-digest"

// Layer is a layer of an image.
type Layer struct {
	Digest    digest.Digest `json:"digest"`
	DiffID    digest.Digest `json:"diffID"`
	MediaType string        `json:"mediaType"`
	Size      int64         `json:"size"`
	Command   string        `json:"command"` // that made it, as the history says; or empty
}

// Step is an entry of an image's history.
type Step struct {
	Created string `json:"created"`
	Command string `json:"command"`
	Comment string `json:"comment"`
	// Empty reports whether the step changed the config alone. Layer is what it made
	// otherwise; it is empty too if the history does not fit the layers.
	Empty bool          `json:"empty"`
	Layer digest.Digest `json:"layer"`
}

// step is an entry in a config.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#properties
type step struct {
	Created string `json:"created"`
	Command string `json:"created_by"`
	Comment string `json:"comment"`
	Empty   bool   `json:"empty_layer"`
}

// newHistory returns the steps of a config, and adds their commands to the layers. A history
// that does not fit the layers says nothing about them.
func newHistory(steps []step, layers []Layer) []Step {
	history := []Step{}
	for _, s := range steps {
		history = append(history, Step{Created: s.Created, Command: s.Command, Comment: s.Comment, Empty: s.Empty})
	}
	if !fits(history, layers) {
		return history
	}
	at := 0
	for n := range history {
		if s := &history[n]; !s.Empty {
			s.Layer, layers[at].Command = layers[at].Digest, s.Command
			at++
		}
	}
	return history
}

// fits reports whether a history says how each layer was made.
func fits(history []Step, layers []Layer) bool {
	made := 0
	for _, s := range history {
		if !s.Empty {
			made++
		}
	}
	return made == len(layers)
}
