package inspect

import "github.com/opencontainers/go-digest"

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

// addHistory adds the steps, and their commands to the layers. A history that does not fit
// the layers says nothing about them.
func (i *Image) addHistory(steps []step) {
	i.History = []Step{}
	made := 0
	for _, s := range steps {
		i.History = append(i.History, Step{Created: s.Created, Command: s.Command, Comment: s.Comment, Empty: s.Empty})
		if !s.Empty {
			made++
		}
	}
	if made != len(i.Layers) {
		return
	}
	at := 0
	for n := range i.History {
		if s := &i.History[n]; !s.Empty {
			s.Layer = i.Layers[at].Digest
			i.Layers[at].Command = s.Command
			at++
		}
	}
}

// HistoryFits reports whether the history says how each layer was made. An image need not
// have one.
func (i *Image) HistoryFits() bool {
	made := 0
	for _, s := range i.History {
		if !s.Empty {
			made++
		}
	}
	return made == len(i.Layers)
}
