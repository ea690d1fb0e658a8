package source

import (
	"fmt"
	"strings"
	"testing"
)

// doubling is an .env file in which each variable is twice as long as the one above.
func doubling() string {
	text := "V0=" + strings.Repeat("x", 1000) + "\n"
	for n := range 20 {
		text += fmt.Sprintf("V%d=$V%d$V%d\n", n+1, n, n)
	}
	return text
}

var (
	service1 = "services: {a: {image: a}}\n"
	filling  = "x-filling: " + strings.Repeat("x", 1500<<10) + "\n" + service1
)

var composeLimits = []readTest{
	{
		name:  "variables that double",
		files: folder{"compose.yml": service1, ".env": doubling()},
		read:  []string{"compose.yml"},
		err:   ".env:8: V7: the variables make it too long",
	},
	{
		name:  "nested variables",
		files: folder{"compose.yml": "services: {a: {image: \"" + strings.Repeat("${A:-", 40) + "a" + strings.Repeat("}", 40) + "\"}}\n"},
		err:   `compose.yml:1: "` + strings.Repeat("${A:-", 40) + `": variables are nested too deeply`,
	},
	{
		name:  "a large project",
		files: folder{"a.yml": filling, "b.yml": filling, "c.yml": filling},
		read:  []string{"a.yml", "b.yml", "c.yml"},
		err:   "c.yml: the files of the project are larger than 4.2 MB together",
	},
}

func TestLimitsOfCompose(t *testing.T) { runReadTests(t, Compose, composeLimits) }

var kubernetesLimits = []readTest{
	{
		name:  "many values",
		files: folder{"pod.yaml": "kind: Pod\nx: [" + strings.Repeat("a,", maxMarks) + "]\n"},
		err:   "pod.yaml: a document has more than 250000 values",
	},
	{
		name:  "what looks like a separator",
		files: folder{"pod.yaml": "kind: Pod\nx: [" + strings.Repeat("a,\n---x,", maxMarks/4) + "]\n"},
		err:   "pod.yaml: a document has more than 250000 values",
	},
	{
		name:  "many images",
		files: folder{"pod.yaml": "kind: Pod\ncontainers:\n" + strings.Repeat("  - image: a\n", maxImages+1)},
		err:   "pod.yaml:10003: more than 10000 images",
	},
	{
		name:  "a few images, repeated by aliases, count once",
		files: folder{"pod.yaml": "kind: Pod\na: &a [" + strings.Repeat("{image: a}, ", 200) + "]\n" + strings.Repeat("---\n", 1) + "kind: Pod\na: &a [" + strings.Repeat("{image: a}, ", 200) + "]\nb: [" + strings.Repeat("{containers: *a}, ", 100) + "]\n"},
		want:  strings.Repeat("pod.yaml:5 a:latest\n", 200),
	},
}

func TestLimitsOfKubernetes(t *testing.T) { runReadTests(t, Kubernetes, kubernetesLimits) }
