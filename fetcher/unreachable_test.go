package fetcher

import (
	"errors"
	"testing"

	"hocker/fetcher/content"
	"hocker/fetcher/reference"
)

// A registry that answers is not out of reach, whatever it says.
func TestUnreachable(t *testing.T) {
	tests := []struct {
		name string
		repo reference.Repository
		want bool
	}{
		{name: "connection refused", repo: refusing(t), want: true},
		{name: "503", repo: startServer(t, answer{status: 503}).app(t)},
		{name: "404", repo: startServer(t, answer{status: 404}).app(t)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := (&Client{}).Manifest(t.Context(), reference.Reference{Repository: tt.repo, Tag: "1"})
			if got := errors.Is(err, content.ErrUnreachable); got != tt.want {
				t.Errorf("%v: out of reach? %v", err, got)
			}
			if tt.want && !errors.Is(err, content.ErrUnavailable) {
				t.Errorf("%v is not unavailable", err)
			}
		})
	}
}
