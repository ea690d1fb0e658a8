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

// fanOut is a project in which each file includes the next one ten times.
func fanOut() folder {
	files := folder{"f12.yml": "services: {}\n"}
	for n := range 12 {
		files[fmt.Sprintf("f%d.yml", n)] = "include:\n" + strings.Repeat(fmt.Sprintf("  - f%d.yml\n", n+1), 10)
	}
	return files
}

// merges are mappings that have the one before twice.
func merges() string {
	text := "x-0: &m0 {image: a}\n"
	for n := range 29 {
		text += fmt.Sprintf("x-%d: &m%d {<<: [*m%d, *m%d]}\n", n+1, n+1, n, n)
	}
	return text
}

// many returns text with a number in it, n times.
func many(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

var (
	long     = "V=" + strings.Repeat("x", 60_000) + "\n"
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
		name:  "variables that have the same long value",
		files: folder{"compose.yml": service1, ".env": long + many(1000, "V%d=$V\n")},
		read:  []string{"compose.yml"},
		err:   ".env:71: V69: the variables make all texts longer than 4.2 MB together",
	},
	{
		name:  "services that have the same long value",
		files: folder{"compose.yml": "services:\n" + many(1000, "  s%d: {image: $V}\n"), ".env": long},
		read:  []string{"compose.yml"},
		err:   `compose.yml:71: "$V": the variables make all texts longer than 4.2 MB together`,
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
	{
		name:  "a project of many values",
		files: folder{"a.yml": service1 + strings.Repeat("---\n{}\n", 50_000)},
		err:   "a.yml: the files of the project have more than 200000 values together",
	},
	{
		name:  "includes that multiply",
		files: fanOut(),
		read:  []string{"f0.yml"},
		err:   "f11.yml:4: more than 1000 files are included",
	},
	{
		name:  "files that include each other",
		files: folder{"a.yml": "include: [b.yml]\n", "b.yml": "\ninclude: [a.yml]\n"},
		read:  []string{"a.yml"},
		err:   "a.yml:1: a.yml includes itself",
	},
	{
		name:  "variables that are read again and again",
		files: folder{"a.yml": "include:\n" + strings.Repeat("  - path: b.yml\n    env_file: vars\n", 20), "b.yml": service1, "vars": strings.Repeat("V=1\n", 25_000)},
		read:  []string{"a.yml"},
		err:   "vars: the files with variables are larger than 1.0 MB together",
	},
	{
		name:  "an .env that is too large",
		files: folder{"a.yml": service1, ".env": strings.Repeat("V=1\n", 300_000)},
		read:  []string{"a.yml"},
		err:   ".env: it is larger than 1.0 MB, the limit for a file that is no YAML",
	},
	{
		name:  "mappings that are merged in twice, again and again",
		files: folder{"a.yml": merges() + "services: {a: {<<: *m29, x: 1}}\n"},
		err:   "a.yml:6: the aliases make the document too large",
	},
}

func TestLimitsOfCompose(t *testing.T) { runReadTests(t, Compose, composeLimits) }

var kubernetesLimits = []readTest{
	{
		name:  "many values",
		files: folder{"pod.yaml": "kind: Pod\nx: [" + strings.Repeat("a,", maxMarks) + "]\n"},
		err:   "pod.yaml: a document has more than 200000 values",
	},
	{
		name:  "what looks like a separator",
		files: folder{"pod.yaml": "kind: Pod\nx: [" + strings.Repeat("a,\n---x,", maxMarks/4) + "]\n"},
		err:   "pod.yaml: a document has more than 200000 values",
	},
	{
		name:  "many lists in each other",
		files: folder{"pod.yaml": "kind: Pod\nx: [" + strings.Repeat("[[[]]],", maxMarks/4) + "]\n"},
		err:   "pod.yaml: a document has more than 200000 values",
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

var textLimits = []readTest{
	{
		name:  "a Dockerfile of many stages",
		files: folder{"Dockerfile": many(20_000, "FROM scratch AS s%d\n") + many(20_000, "COPY --from=s19999 a%d b\n")},
	},
	{
		name:  "arguments that have the same long value",
		files: folder{"Dockerfile": "ARG " + long + many(1000, "ARG V%d=$V\n") + "FROM a\n"},
		err:   `Dockerfile:71: "$V": the variables make all texts longer than 4.2 MB together`,
	},
	{
		name:  "many images",
		files: folder{"Dockerfile": many(maxImages+1, "FROM a:%d\n")},
		err:   "Dockerfile:10001: more than 10000 images",
	},
	{
		name:  "many comments",
		files: folder{"Dockerfile": strings.Repeat("# hocker: skip\nRUN x\n", maxRemarks+2)},
		err:   "Dockerfile:20003: more than 10000 comments with # hocker: in them",
	},
	{
		name:  "a Dockerfile that is too large",
		files: folder{"Dockerfile": "FROM a\n" + strings.Repeat("RUN x\n", 200_000)},
		err:   "Dockerfile: it is larger than 1.0 MB, the limit for a file that is no YAML",
	},
	{
		name:  "a long line",
		files: folder{"Dockerfile": "FROM " + strings.Repeat("a", 1000_000) + "\n"},
		err:   `Dockerfile:1: "` + strings.Repeat("a", 100) + `"…: it is too long for a reference`,
	},
}

func TestLimitsOfDockerfile(t *testing.T) { runReadTests(t, Dockerfile, textLimits) }

func TestLimitsOfKubernetes(t *testing.T) { runReadTests(t, Kubernetes, kubernetesLimits) }
