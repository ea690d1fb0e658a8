package fetcher

import (
	"errors"
	"net/http/httptest"
	"testing"

	"hocker/fetcher/content"
	"hocker/fetcher/reference"
)

// A registry that answers is not out of reach, whatever it says.
func TestUnreachable(t *testing.T) {
	silent := httptest.NewServer(nil)
	silent.Close()
	tests := []struct {
		name     string
		registry string
		want     bool
	}{
		{name: "connection refused", registry: silent.URL, want: true},
		{name: "503", registry: startServer(t, answer{status: 503}).URL},
		{name: "404", registry: startServer(t, answer{status: 404}).URL},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			registry, err := reference.ParseRegistry(tt.registry)
			if err != nil {
				t.Fatal(err)
			}
			ref := reference.Reference{Repository: reference.Repository{Registry: registry, Path: "app"}, Tag: "1"}
			_, err = (&Client{}).Manifest(t.Context(), ref)
			if got := errors.Is(err, content.ErrUnreachable); got != tt.want {
				t.Errorf("%v: out of reach? %v", err, got)
			}
			if tt.want && !errors.Is(err, content.ErrUnavailable) {
				t.Errorf("%v is not unavailable", err)
			}
		})
	}
}
