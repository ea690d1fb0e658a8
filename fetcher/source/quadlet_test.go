package source

import (
	"fmt"
	"strings"
	"testing"
)

var quadletTests = []readTest{
	{
		name:  "a container",
		files: folder{"web.container": "# web\n[Unit]\nDescription=Image=x\nImage=no\n[Container]\nImage=docker.io/library/nginx:1\n# hocker: name=web\nImage = \\\n; inside\n  quay.io/org/web:2\nExec=a \\\nImage=other\n[Service]\nImage=no\n"},
		want:  "web.container:8 quay.io/org/web:2 web\n",
	},
	{
		name: "an image and a container that names it",
		files: folder{
			"q/web.container": "[Container]\nImage=nginx.image\n",
			"q/nginx.image":   "[Image]\n# hocker: name=nginx\nImage=docker.io/library/nginx:1\n",
		},
		read: []string{"q/web.container"},
		want: "q/nginx.image:3 nginx:1 nginx\n",
	},
	{
		name:  "an image that is missing",
		files: folder{"web.container": "[Container]\nImage=nginx.image\n"},
		err:   "web.container:2: nginx.image does not exist beside web.container",
	},
	{
		name:  "images that name each other",
		files: folder{"a.image": "[Image]\nImage=a.image\n"},
		err:   "a.image:2: a.image is named by another .image file",
	},
	{
		name:  "a container that is built",
		files: folder{"web.container": "[Container]\nImage=web.build\n"},
		want:  "web.container:2 skipped: web.build is built: give its Containerfile for the images that it is built from\n",
	},
	{
		name:  "a build",
		files: folder{"web.build": "[Build]\nImageTag=localhost/web\n"},
		want:  "web.build:1 skipped: it is built: give its Containerfile for the images that it is built from\n",
	},
	{
		name:  "a .kube file",
		files: folder{"web.kube": "[Unit]\nYaml=no\n[Kube]\nYaml=web.yaml\n"},
		want:  "web.kube:4 skipped: web.yaml is a Kubernetes manifest: give that file\n",
	},
	{
		name:  "an image of this machine",
		files: folder{"web.container": "[Container]\nImage=localhost/web:1\n"},
		want:  "web.container:2 skipped: localhost/web:1 is built on this machine\n",
	},
	{
		name:  "an archive",
		files: folder{"web.container": "[Container]\nImage=docker-archive:/nix/store/web.tar\n"},
		want:  "web.container:2 skipped: docker-archive:/nix/store/web.tar is in no registry\n",
	},
	{
		name:  "an ID",
		files: folder{"web.container": "[Container]\nImage=sha256:" + strings.Repeat("a", 64) + "\n"},
		want:  "web.container:2 skipped: sha256:" + strings.Repeat("a", 64) + " is in no registry\n",
	},
	{
		name:  "an ID without its algorithm",
		files: folder{"web.container": "[Container]\nImage=" + strings.Repeat("a", 64) + "\n"},
		want:  "web.container:2 skipped: " + strings.Repeat("a", 64) + " is in no registry\n",
	},
	{
		name:  "a folder",
		files: folder{"web.container": "[Container]\nImage=/srv/web\n"},
		want:  "web.container:2 skipped: /srv/web is in no registry\n",
	},
	{
		name:  "a volume",
		files: folder{"data.volume": "[Volume]\nDriver=image\nImage=\"quay.io/org/data\""},
		want:  "data.volume:3 quay.io/org/data:latest\n",
	},
	{
		name:  "a specifier",
		files: folder{"web@.container": "[Container]\nImage=nginx:%i\n"},
		err:   `web@.container:2: "nginx:%i": specifiers of systemd are not understood`,
	},
	{
		name:  "skip, whatever the text is",
		files: folder{"web@.container": "[Container]\n# hocker: skip\nImage=nginx:%i\n"},
		want:  "web@.container:3 skipped: nginx:%i: its comment says skip\n",
	},
	{
		name:  "nothing",
		files: folder{"web.container": "[Container]\nImage=\n"},
	},
	{
		name:  "lines are joined without a space, and over empty ones",
		files: folder{"web.container": "[Container]\r\nImage=quay.io/org/\\\r\n\r\n\tweb:1\r\n"},
		want:  "web.container:2 quay.io/org/web:1\n",
	},
	{
		name:  "the section of another kind",
		files: folder{"web.container": "[Container]\nImage=quay.io/org/web:1\n[Image]\nImage=quay.io/org/web:2\n"},
		want:  "web.container:2 quay.io/org/web:1\n",
	},
	{
		name:  "a line that is none",
		files: folder{"web.container": "[Container]\nnginx:1\n"},
		err:   "web.container:2: expected [SECTION], then lines with KEY=VALUE: podman does not read this file",
	},
	{
		name:  "a line without a key",
		files: folder{"web.container": "[Container]\nImage=nginx:1\n = x\n"},
		err:   "web.container:3: expected [SECTION], then lines with KEY=VALUE: podman does not read this file",
	},
	{
		name:  "a section without a name",
		files: folder{"web.container": "[Container]\nImage=nginx:1\n[]\n"},
		err:   "web.container:3: expected [SECTION], then lines with KEY=VALUE: podman does not read this file",
	},
	{
		name:  "a line that continues into nothing is dropped",
		files: folder{"web.container": "[Container]\nImage=nginx:1\nImage=nginx:2 \\\n# x\n"},
		want:  "web.container:2 nginx:1\n",
	},
	{
		name:  "a last line that continues",
		files: folder{"web.container": "[Container]\nImage=nginx \\"},
		want:  "web.container:2 nginx:latest\n",
	},
}

func TestReadQuadlet(t *testing.T) { runReadTests(t, Quadlet, quadletTests) }

var dropInTests = []readTest{
	{
		name:  "the last one counts",
		files: folder{"q/web.container": "[Container]\nImage=quay.io/org/web:0\n", "q/web.container.d/b.conf": "[Service]\nImage=no\n\n[Container]\nImage=quay.io/org/web:2\n", "q/web.container.d/a.conf": "[Container]\nImage=quay.io/org/web:1\n", "q/web.container.d/c.txt": "no"},
		read:  []string{"q/web.container"},
		want:  "q/web.container.d/b.conf:5 quay.io/org/web:2\n",
	},
	{
		name: "the most specific folder counts",
		files: folder{
			"a-b@1.container":          "[Container]\nImage=quay.io/org/web:0\n",
			"a-b@1.container.d/1.conf": "[Container]\n",
			"a-b@.container.d/1.conf":  "[Container]\nImage=quay.io/org/web:1\n",
			"a-b@.container.d/2.conf":  "[Container]\nImage=quay.io/org/web:2\n",
			"a-@.container.d/2.conf":   "[Container]\nImage=quay.io/org/web:3\n",
			"a-@.container.d/3.conf":   "[Container]\n",
			"a-.container.d/3.conf":    "[Container]\nImage=quay.io/org/web:4\n",
			"container.d/3.conf":       "[Container]\nImage=quay.io/org/web:5\n",
			"a-b.container.d/9.conf":   "[Container]\nImage=quay.io/org/web:9\n",
			"b.container.d/9.conf":     "[Container]\nImage=quay.io/org/web:9\n",
			"image.d/9.conf":           "[Container]\nImage=quay.io/org/web:9\n",
		},
		read: []string{"a-b@1.container"},
		want: "a-b@.container.d/2.conf:2 quay.io/org/web:2\n",
	},
	{
		name: "of an image that a drop-in names",
		files: folder{
			"q/web.container":          "[Container]\nImage=quay.io/org/web:0\n",
			"q/container.d/1.conf":     "[Container]\nImage=\"web.image\"\n",
			"q/web.image":              "[Image]\nImage=quay.io/org/web:1\n[Container]\nImage=no\n",
			"q/web.image.d/named.conf": "[Image]\n# hocker: name=named\nImage=quay.io/org/web:2\n",
		},
		read: []string{"q/web.container"},
		want: "q/web.image.d/named.conf:3 quay.io/org/web:2 named\n",
	},
	{
		name:  "a volume",
		files: folder{"data.volume": "[Volume]\nDriver=image\n", "volume.d/x.conf": "[Volume]\nImage=quay.io/org/data:1\n"},
		read:  []string{"data.volume"},
		want:  "volume.d/x.conf:2 quay.io/org/data:1\n",
	},
	{
		name:  "an empty assignment takes the image away",
		files: folder{"web.container": "[Container]\nImage=quay.io/org/web:0\n", "web.container.d/x.conf": "[Container]\nImage=\nRootfs=/srv/web\n"},
		read:  []string{"web.container"},
	},
	{
		name:  "what is built is pulled instead",
		files: folder{"web.container": "[Container]\nImage=web.build\n", "web.container.d/x.conf": "[Container]\nImage=quay.io/org/web:1\n[Build]\n"},
		read:  []string{"web.container"},
		want:  "web.container.d/x.conf:2 quay.io/org/web:1\n",
	},
	{
		name:  "an image keeps its name",
		files: folder{"web.container": "[Container]\n# hocker: name=front\nImage=quay.io/org/web:0\n", "web.container.d/x.conf": "[Container]\nImage=quay.io/org/web:1\n"},
		read:  []string{"web.container"},
		want:  "web.container.d/x.conf:2 quay.io/org/web:1 front\n",
	},
	{
		name:  "a comment about nothing",
		files: folder{"web.container": "[Container]\nImage=quay.io/org/web:0\n", "web.container.d/x.conf": "[Container]\n# hocker: skip\nExec=x\n"},
		read:  []string{"web.container"},
		err:   "web.container.d/x.conf:2: the comment # hocker: has no image of its own beside it or below it",
	},
	{
		name:  "no unit file",
		files: folder{"web.container": "[Container]\nImage=quay.io/org/web:0\n", "web.container.d/x.conf": "Image=quay.io/org/web:1\n"},
		read:  []string{"web.container"},
		err:   "web.container.d/x.conf:1: expected [SECTION], then lines with KEY=VALUE: podman does not read this file",
	},
	{
		name:  "a folder",
		files: folder{"web.container": "[Container]\nImage=quay.io/org/web:0\n", "web.container.d/x.conf/y": ""},
		read:  []string{"web.container"},
		err:   "web.container: open web.container.d/x.conf: file does not exist",
	},
	{
		name:  "a unit whose name says nothing has none",
		files: folder{"web": "[Container]\nImage=quay.io/org/web:0\n", "web.d/x.conf": "[Container]\nImage=quay.io/org/web:1\n"},
		read:  []string{"web"},
		want:  "web:2 quay.io/org/web:0\n",
	},
	{
		name:  "many files",
		files: manyDropIns(maxDropIns+1, ""),
		read:  []string{"web.container"},
		err:   "web.container: more than 1000 files in the folders of its drop-ins",
	},
	{
		name:  "large files",
		files: manyDropIns(20, "[Service]\n#"+strings.Repeat("x", 60_000)),
		read:  []string{"web.container"},
		err:   "container.d/17.conf: it is larger than 1.0 MB, the limit for a quadlet file with its drop-ins",
	},
}

// manyDropIns is a unit with n drop-ins in two folders.
func manyDropIns(n int, text string) folder {
	files := folder{"web.container": "[Container]\nImage=quay.io/org/web:0\n"}
	for i := range n {
		files[fmt.Sprintf("%scontainer.d/%02d.conf", []string{"web.", ""}[i%2], i)] = text
	}
	return files
}

func TestReadDropIns(t *testing.T) { runReadTests(t, Quadlet, dropInTests) }
