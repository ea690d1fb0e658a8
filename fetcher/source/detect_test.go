package source

import "testing"

var detectTests = []struct {
	path, text string
	kind       Kind
}{
	{"-", "# comment\n\nARG X=1\nFROM a\n", Dockerfile},
	{"-", "; comment\n[Container]\nImage=a\n", Quadlet},
	{"-", "---\n# empty\n---\nservices: {}\n", Compose},
	{"-", "kind: Pod\n", Kubernetes},
	{"-", `{"apiVersion": "v1"}`, Kubernetes},
	{"build/Dockerfile.prod", "", Dockerfile},
	{"containerfile", "", Dockerfile},
	{"a.dockerfile", "", Dockerfile},
	{"x.image", "", Quadlet},
	{"stack.yml", "include: [a.yml]\n", Compose},
	{"dockerfile.yaml", "services: {}\n", Compose},
	{"from.txt", "FROMAGE: x\nservices: {}", Compose},
}

func TestDetect(t *testing.T) {
	for _, test := range detectTests {
		if kind, err := Detect(test.path, []byte(test.text)); kind != test.kind || err != nil {
			t.Errorf("%s %q: %s, %v", test.path, test.text, kind, err)
		}
	}
}

// What kustomize and helm read names no images in our sense. A drop-in is not read alone.
func TestDetectGenerators(t *testing.T) {
	for path, want := range map[string]string{
		"base/kustomization.yaml":  "base/kustomization.yaml: kustomize makes manifests of this file: give those, as in `kustomize build | hocker lock add --from -`",
		"Chart.yaml":               "Chart.yaml: helm makes manifests of this file: give those, as in `helm template … | hocker lock add --from -`",
		"q/web.container.d/1.conf": "q/web.container.d/1.conf: it is a drop-in: give the quadlet file that it is for, with which it is read",
		"image.d/1.conf":           "image.d/1.conf: it is a drop-in: give the quadlet file that it is for, with which it is read",
		"web.d/1.conf":             "web.d/1.conf: neither a compose file (services:), a Kubernetes manifest (apiVersion:), a Dockerfile nor a quadlet file",
		"other.yaml":               "other.yaml: neither a compose file (services:), a Kubernetes manifest (apiVersion:), a Dockerfile nor a quadlet file",
	} {
		kind, err := Detect(path, []byte("resources: [a.yaml]\n"))
		if kind != "" || err == nil || err.Error() != want {
			t.Errorf("%s: %q, %v", path, kind, err)
		}
	}
}
