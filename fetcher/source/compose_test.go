package source

import "testing"

var composeTests = []readTest{
	{
		name: "services",
		files: folder{"compose.yaml": `# a project
services:
  web:
    image: nginx:1.29   # behind
  db:
    image: "docker.io/library/postgres:17@sha256:cd0a524342efac6edff500c17e625735bbe479c926439b263bbe3c8518a0849c"
  other:
    profiles: [debug]
    image: >-
      ghcr.io/org/app
volumes:
  data: {}
`},
		want: "compose.yaml:4 nginx:1.29\n" +
			"compose.yaml:6 postgres:17@sha256:cd0a524342efac6edff500c17e625735bbe479c926439b263bbe3c8518a0849c\n" +
			"compose.yaml:9 ghcr.io/org/app:latest\n",
	},
	{
		name:      "variables of the environment and of .env",
		variables: map[string]string{"TAG": "2", "EMPTY": ""},
		files: folder{
			"app/docker-compose.yml": `services:
  a: {image: "a:$TAG"}
  b: {image: "b:${TAG}"}
  c: {image: "c:${NO:-3}"}
  d: {image: "d:${EMPTY:-4}"}
  e: {image: "e${EMPTY-:5}"}
  f: {image: "f:${TAG:?must be set}"}
  g: {image: "g${TAG:+:6}"}
  h: {image: "${REGISTRY:-docker.io}/${ORG:-${TEAM:-org}}/h:${VERSION}"}
  i: {image: "i:${FROM_ENV}"}
  j: {image: "j${NO}"}
  k: {image: "k${NO+:7}"}
  l: {image: "l:${QUOTED}"}
`,
			"app/.env": "# comment\nFROM_ENV=9 # behind\nTAG=1\nexport VERSION='v8'\nQUOTED=\"x-${FROM_ENV}\nnot a line\"\n\nnothing\n",
		},
		read: []string{"app/docker-compose.yml"},
		err:  "app/docker-compose.yml:13: tag \"x-9\\nnot a line\": expected at most 128 characters of a-z, A-Z, 0-9, _ . -, not starting with . or -",
	},
	{
		name:      "values",
		variables: map[string]string{"TAG": "2", "EMPTY": ""},
		files: folder{
			"app/docker-compose.yml": `services:
  a: {image: "a:$TAG"}
  b: {image: "b:${TAG}"}
  c: {image: "c:${NO:-3}"}
  d: {image: "d:${EMPTY:-4}"}
  e: {image: "e${EMPTY-:5}"}
  f: {image: "f:${TAG:?must be set}"}
  g: {image: "g${TAG:+:6}"}
  h: {image: "${REGISTRY:-docker.io}/${ORG:-${TEAM:-org}}/h:${VERSION}"}
  i: {image: "i:${FROM_ENV}"}
  j: {image: "j${NO}"}
  k: {image: "k${NO+:7}"}
  l: {image: "l:${QUOTED}"}
`,
			"app/.env": "# comment\nFROM_ENV=9 # behind\nTAG=1\nexport VERSION='v8'\nQUOTED=\"x-${FROM_ENV}\"\n\nnothing\n",
		},
		read: []string{"app/docker-compose.yml"},
		want: "app/docker-compose.yml:2 a:2\napp/docker-compose.yml:3 b:2\napp/docker-compose.yml:4 c:3\napp/docker-compose.yml:5 d:4\n" +
			"app/docker-compose.yml:6 e:latest\napp/docker-compose.yml:7 f:2\napp/docker-compose.yml:8 g:6\napp/docker-compose.yml:9 org/h:v8\n" +
			"app/docker-compose.yml:10 i:9\napp/docker-compose.yml:11 j:latest\napp/docker-compose.yml:12 k:latest\napp/docker-compose.yml:13 l:x-9\n",
	},
	{
		name: "an .env file with passwords",
		files: folder{
			"compose.yml": "services: {a: {image: \"a:$A\"}, b: {image: \"b:$B\"}, c: {image: \"c:$C\"}}\n",
			".env":        "\ufeffA: 1\nexport\tB=2\nP=x$\nQ=\"a$1$%\"\nR=a$$b${A}\nS=a\\$b\nT=\"a\\$b{\"\nC.D=\"x\nC=no\"\nC=3\n",
		},
		read: []string{"compose.yml"},
		want: "compose.yml:1 a:1\ncompose.yml:1 b:2\ncompose.yml:1 c:3\n",
	},
	{
		name:  "a mistake in an .env file, which may be in a password",
		files: folder{"compose.yml": "services: {a: {image: a}}\n", ".env": "P=secret${secret\n"},
		read:  []string{"compose.yml"},
		err:   ".env:1: P: a ${ has no closing brace",
	},
	{
		name:  "another mistake in an .env file",
		files: folder{"compose.yml": "services: {a: {image: a}}\n", ".env": "P=secret${X/secret/}\n"},
		read:  []string{"compose.yml"},
		err:   ".env:1: P: what follows ${X is none of the operators :- - :? ? :+ +",
	},
	{
		name:      "a secret of the environment and of .env",
		variables: map[string]string{"TOKEN": "x"},
		files:     folder{"compose.yml": "services:\n  a:\n    image: nginx:$TOKEN\n", ".env": "TOKEN=y\n"},
		read:      []string{"compose.yml"},
		err:       `compose.yml:3: reference "nginx:": missing tag after the colon; the variable TOKEN is not set`,
	},
	{
		name:  "a variable that is not set",
		files: folder{"compose.yml": "services:\n  a:\n    image: nginx:$TAG\n"},
		err:   `compose.yml:3: reference "nginx:": missing tag after the colon; the variable TAG is not set`,
	},
	{
		name:  "an image that is only a variable",
		files: folder{"compose.yml": "services:\n  a:\n    image: ${IMAGE}\n"},
		err:   `compose.yml:3: the image of service "a" is empty; the variable IMAGE is not set`,
	},
	{
		name:  "a required variable",
		files: folder{"compose.yml": "services:\n  a:\n    image: nginx:${TAG:?set TAG to a version}\n"},
		err:   `compose.yml:3: "nginx:${TAG:?set TAG to a version}": variable TAG: set TAG to a version`,
	},
	{
		name:  "a brace that is open",
		files: folder{"compose.yml": "services:\n  a:\n    image: nginx:${TAG\n"},
		err:   `compose.yml:3: "nginx:${TAG": a ${ has no closing brace`,
	},
	{
		name:  "a dollar",
		files: folder{"compose.yml": "services:\n  a:\n    image: nginx$$TAG\n"},
		err:   `compose.yml:3: image name "nginx$TAG": repository names must be lower-case`,
	},
	{
		name: "what is built",
		files: folder{"compose.yml": `services:
  built:
    build: .
  named:
    build: {context: .}
    image: org/named
  never:
    build: .
    image: org/never
    pull_policy: build
  nothing:
    command: x
`},
		want: "compose.yml:6 org/named:latest\n" +
			"compose.yml:3 skipped: service \"built\" is built: give its Dockerfile for the images that it is built from\n" +
			"compose.yml:9 skipped: service \"never\" is built, as its pull_policy says\n",
	},
	{
		name: "names in comments",
		files: folder{"compose.yml": `services:
  web:
    image: nginx # hocker: name=front
  db:
    # hocker: name=store
    image: postgres
  built: # a service
    image: org/built # hocker: skip
  last:
    image: # hocker: name=last
      redis
`},
		want: "compose.yml:3 nginx:latest front\ncompose.yml:6 postgres:latest store\ncompose.yml:11 redis:latest last\n" +
			"compose.yml:8 skipped: org/built: its comment says skip\n",
	},
	{
		name:  "skip, whatever the text is",
		files: folder{"compose.yml": "services:\n  a: {image: \"a:${A:?}\"} # hocker: skip\n  b: {image: $B} # hocker: skip\n  c: {image: A B} # hocker: skip\n"},
		want:  "compose.yml:2 skipped: a:${A:?}: its comment says skip\ncompose.yml:3 skipped: $B: its comment says skip\ncompose.yml:4 skipped: A B: its comment says skip\n",
	},
	{
		name:  "a comment about nothing",
		files: folder{"compose.yml": "services:\n  # hocker: name=x\n  web:\n    image: nginx\n"},
		err:   "compose.yml:2: the comment # hocker: has no image of its own beside it or below it",
	},
	{
		name:  "a comment about nothing at the end",
		files: folder{"compose.yml": "services:\n  web:\n    image: nginx\n# hocker: skip\n\n# x\n"},
		err:   "compose.yml:4: the comment # hocker: has no image of its own beside it or below it",
	},
	{
		name:  "two comments about one image",
		files: folder{"compose.yml": "services:\n  web:\n    # hocker: name=x\n\n    # hocker: skip\n    image: nginx\n"},
		err:   "compose.yml:3: the comment # hocker: has no image of its own beside it or below it",
	},
	{
		name:  "a comment above an image with one beside it",
		files: folder{"compose.yml": "services:\n  web:\n    # hocker: name=x\n    image: nginx # hocker: name=y\n"},
		err:   "compose.yml:3: the comment # hocker: has no image of its own beside it or below it",
	},
	{
		name:  "a comment that says something else",
		files: folder{"compose.yml": "services:\n  web:\n    image: nginx # hocker: nmae=x\n"},
		err:   `compose.yml:3: the comment says "hocker: nmae=x", expected # hocker: name=NAME or # hocker: skip`,
	},
	{
		name: "aliases and merges",
		files: folder{"compose.yml": `x-base: &base
  image: nginx:1
x-image: &image redis:7
services:
  a:
    <<: *base
  b:
    <<: [*base, {image: other}]
    image: *image
  c: &c
    image: c
  d: *c
`},
		want: "compose.yml:2 nginx:1\ncompose.yml:3 redis:7\ncompose.yml:11 c:latest\ncompose.yml:11 c:latest\n",
	},
	{
		name: "several files are one project",
		files: folder{
			"compose.yml": "services:\n  web:\n    image: nginx:1\n  db:\n    image: postgres:16\n  gone:\n    image: x\n  built:\n    build: .\n",
			"prod.yml":    "services:\n  db:\n    image: postgres:17\n  more:\n    image: redis\n  gone: !reset null\n  built:\n    image: org/built\n---\nservices:\n  more:\n    image: redis:8\n",
		},
		read: []string{"compose.yml", "prod.yml"},
		want: "compose.yml:3 nginx:1\nprod.yml:3 postgres:17\nprod.yml:8 org/built:latest\nprod.yml:12 redis:8\n",
	},
	{
		name: "extends",
		files: folder{
			"compose.yml":    "services:\n  web:\n    extends: base\n  base:\n    image: nginx:1\n  far:\n    extends: {file: lib/common.yml, service: worker}\n  own:\n    extends: {file: lib/common.yml, service: worker}\n    image: own\n",
			"lib/common.yml": "services:\n  worker:\n    extends:\n      service: deep\n  deep:\n    # hocker: name=deep\n    image: deep:2\n",
		},
		read: []string{"compose.yml"},
		want: "compose.yml:5 nginx:1\ncompose.yml:5 nginx:1\nlib/common.yml:7 deep:2 deep\ncompose.yml:10 own:latest\n",
	},
	{
		name: "paths are relative to the folder of the project",
		files: folder{
			"a/compose.yml":  "services: {x: {image: x}}\n",
			"b/prod.yml":     "include: [more.yml, {path: ../c/in.yml, project_directory: ../d}]\nservices:\n  x: {extends: {file: lib/base.yml, service: base}}\n",
			"a/more.yml":     "services: {more: {image: more}}\n",
			"a/lib/base.yml": "services: {base: {extends: {file: deep.yml, service: deep}}}\n",
			"a/lib/deep.yml": "services: {deep: {image: deep}}\n",
			"c/in.yml":       "services: {y: {extends: {file: y.yml, service: y}}}\n",
			"d/y.yml":        "services: {y: {image: \"y:$Y\"}}\n",
			"d/.env":         "Y=4\n",
		},
		read: []string{"a/compose.yml", "b/prod.yml"},
		want: "a/lib/deep.yml:1 deep:latest\na/more.yml:1 more:latest\nd/y.yml:1 y:4\n",
	},
	{
		name: "services that are reset or overridden",
		files: folder{
			"1.yml": "services:\n  a: !reset null\n  b: {image: b, pull_policy: build}\n",
			"2.yml": "services:\n  a: {image: a}\n  b: !override {image: c, build: .}\n",
		},
		read: []string{"1.yml", "2.yml"},
		want: "2.yml:2 a:latest\n2.yml:3 c:latest\n",
	},
	{
		name:  "a service that extends itself",
		files: folder{"compose.yml": "services:\n  a:\n    extends: b\n  b:\n    extends: a\n"},
		err:   `compose.yml:4: service "b" extends itself`,
	},
	{
		name:  "a service that extends nothing",
		files: folder{"compose.yml": "services:\n  a:\n    extends: b\n"},
		err:   `compose.yml: it has no service "b", which another one extends`,
	},
	{
		name:  "a file that does not exist",
		files: folder{"compose.yml": "services:\n  a:\n    extends: {file: no.yml, service: b}\n"},
		err:   `compose.yml:3: open no.yml: file does not exist`,
	},
	{
		name: "include",
		files: folder{
			"compose.yml":       "include:\n  - db/compose.yml\n  - path: [web/compose.yml, web/prod.yml]\n    env_file: web/vars\n  - path: $OTHER/compose.yml\n    project_directory: web\nservices:\n  a:\n    image: a:${V}\n",
			".env":              "V=1\nOTHER=other\n",
			"db/compose.yml":    "services:\n  db:\n    image: postgres:${PG}\n  v:\n    image: v:$V\n",
			"db/.env":           "PG=17\nV=2\n",
			"web/compose.yml":   "services:\n  web:\n    image: nginx\n",
			"web/prod.yml":      "services:\n  web:\n    image: nginx:${N}\n",
			"web/vars":          "N=3\n",
			"web/.env":          "N=4\n",
			"other/compose.yml": "services:\n  other:\n    image: other:$N\n",
		},
		read: []string{"compose.yml"},
		want: "db/compose.yml:3 postgres:17\ndb/compose.yml:5 v:1\nweb/prod.yml:3 nginx:3\nother/compose.yml:3 other:4\ncompose.yml:9 a:1\n",
	},
	{
		name:  "a file that includes itself",
		files: folder{"compose.yml": "include: [compose.yml]\n"},
		err:   "compose.yml:1: compose.yml includes itself",
	},
	{
		name:  "an image that is mounted",
		files: folder{"compose.yml": "services:\n  a:\n    image: a\n    volumes:\n      - /x:/y\n      - type: image\n        source: models:1 # hocker: name=models\n        target: /m\n"},
		want:  "compose.yml:3 a:latest\ncompose.yml:7 models:1 models\n",
	},
	{
		name:  "a key that stands twice",
		files: folder{"compose.yml": "services:\n  a:\n    image: a\n    image: b\n"},
		err:   "compose.yml:4: image stands twice, first in line 3",
	},
	{
		name:  "aliases that never end",
		files: folder{"compose.yml": "x: &a [ &b {<<: [*b, *b, *b]} ]\nservices:\n  s: {<<: *b}\n"},
		err:   "compose.yml:1: nested deeper than 500",
	},
	{
		name:  "a template",
		files: folder{"compose.yml": "services:\n  a:\n    image: {{ .Values.image }}\n"},
		err:   "compose.yml:3: image: {{ begins a template, which is not understood: give what it makes, as in `helm template … | hocker lock add --from -`",
	},
	{
		name:  "no YAML",
		files: folder{"compose.yml": "services:\n  a: b: c\n"},
		err:   "compose.yml:2: invalid YAML: mapping values are not allowed in this context",
	},
	{
		name:  "an override of another kind",
		files: folder{"compose.yml": "services: {a: {image: a}}\n", "Dockerfile": "\nFROM a\n"},
		read:  []string{"compose.yml", "Dockerfile"},
		err:   "Dockerfile:2: it is not a compose file, which begins with a key such as services:",
	},
	{
		name:  "an override that says nothing",
		files: folder{"compose.yml": "services: {a: {image: a}}\n", "o.yml": "# nothing\n---\n"},
		read:  []string{"compose.yml", "o.yml"},
		want:  "compose.yml:1 a:latest\n",
	},
	{
		name:  "nothing known",
		files: folder{"compose.yml": "a: b\n"},
		err:   "compose.yml: neither a compose file (services:), a Kubernetes manifest (apiVersion:), a Dockerfile nor a quadlet file",
	},
}

func TestReadCompose(t *testing.T) { runReadTests(t, Compose, composeTests) }
