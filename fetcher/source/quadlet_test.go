package source

import "testing"

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
		err:   "web.container:2: nginx.image does not exist beside it",
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
		name:  "a last line that continues",
		files: folder{"web.container": "[Container]\nImage=nginx \\"},
		want:  "web.container:2 nginx:latest\n",
	},
}

func TestReadQuadlet(t *testing.T) { runReadTests(t, Quadlet, quadletTests) }
