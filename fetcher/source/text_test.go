package source

import (
	"strings"
	"testing"
)

var textTests = []struct {
	kind Kind
	readTest
}{
	{Compose, readTest{
		name:  "CRLF",
		files: folder{"a.yml": "services:\r\n  a:\r\n    # hocker: name=web\r\n    image: nginx\r\n"},
		want:  "a.yml:4 nginx:latest web\n",
	}},
	{Compose, readTest{
		name:  "line breaks of YAML 1.1",
		files: folder{"a.yml": "services: # \u2028  a: {image: a} # hocker: name=x\r  b: {image: b}\u0085  # hocker: name=y\u2029  c: {image: c}\n"},
		want:  "a.yml:2 a:latest x\na.yml:3 b:latest\na.yml:5 c:latest y\n",
	}},
	{Compose, readTest{
		name:  "byte order marks",
		files: folder{"a.yml": "\ufeffservices: {a: {image: \"nginx:$TAG\"}}\n", ".env": "\ufeffTAG=1\n"},
		read:  []string{"a.yml"},
		want:  "a.yml:1 nginx:1\n",
	}},
	{Dockerfile, readTest{
		name:  "a byte order mark and CRLF",
		files: folder{"Dockerfile": "\ufeff# hocker: name=web\r\nFROM \\\r\n  nginx\r\n"},
		want:  "Dockerfile:2 nginx:latest web\n",
	}},
	{Quadlet, readTest{
		name:  "a byte order mark and CRLF",
		files: folder{"a.container": "\ufeff[Container]\r\nImage=nginx\r\n"},
		want:  "a.container:2 nginx:latest\n",
	}},
	{Dockerfile, readTest{
		name:  "Latin-1 in a comment",
		files: folder{"Dockerfile": "# caf\xe9\nFROM nginx\n"},
		want:  "Dockerfile:2 nginx:latest\n",
	}},
	{Dockerfile, readTest{
		name:  "UTF-16",
		files: folder{"Dockerfile": "\xff\xfeF\x00R\x00"},
		err:   "Dockerfile: it is UTF-16: save it as UTF-8",
	}},
	{Compose, readTest{
		name:  "an .env in UTF-16",
		files: folder{"a.yml": service1, ".env": "\xfe\xff\x00A"},
		read:  []string{"a.yml"},
		err:   ".env: it is UTF-16: save it as UTF-8",
	}},
	{Kubernetes, readTest{
		name:  "a zero byte",
		files: folder{"pod.yaml": "kind: Pod\n# x\n# \x00\n"},
		err:   "pod.yaml:3: it has a zero byte, as no text has",
	}},
	{Kubernetes, readTest{
		name:  "a control character",
		files: folder{"pod.yaml": "kind: Pod\n# x\n# \x1b\n"},
		err:   "pod.yaml:3: invalid YAML: control characters are not allowed",
	}},
	{Kubernetes, readTest{
		name:  "no UTF-8",
		files: folder{"pod.yaml": "kind: Pod\n# x\n# \xe9\n"},
		err:   "pod.yaml:3: invalid YAML: incomplete UTF-8 octet sequence",
	}},
	{Compose, readTest{
		name:  "a project elsewhere",
		files: folder{"a.yml": "services: {}\ninclude:\n  - path: https://github.com/org/app.git#main\n"},
		err:   `a.yml:3: "https://github.com/org/app.git#main" is not on this machine: give the whole project, as in ` + "`docker compose config | hocker lock add --from -`",
	}},
	{Compose, readTest{
		name:  "a file that is included and missing",
		files: folder{"a.yml": "services: {}\ninclude:\n  - no.yml\n"},
		err:   "a.yml:3: open no.yml: file does not exist",
	}},
}

func TestText(t *testing.T) {
	for _, test := range textTests {
		runReadTests(t, test.kind, []readTest{test.readTest})
	}
}

// The errors of an .env file do not quote values, which may be secret.
func TestEnvErrorsHaveNoValues(t *testing.T) {
	for _, value := range []string{"${hunter2", "x${hunter2", "${}hunter2", "${A%hunter2}", `"hunter2`, "'hunter2", "${A:-${hunter2}"} {
		files := folder{"a.yml": service1, ".env": "A=\nPASSWORD=" + value + "\n"}
		_, err := files.reader(nil).Read(Compose, "a.yml")
		if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.HasPrefix(err.Error(), ".env:2: ") || !strings.Contains(err.Error(), "PASSWORD") {
			t.Errorf("%s: %v", value, err)
		}
	}
}
