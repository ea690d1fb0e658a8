package source

import "testing"

var dockerfileTests = []readTest{
	{
		name: "stages",
		files: folder{"Dockerfile": `# syntax=docker/dockerfile:1
ARG GO=1.26
ARG DEBIAN="bookworm" REGISTRY=docker.io
FROM --platform=$BUILDPLATFORM golang:${GO}-alpine AS build
ARG GO=2
RUN --mount=type=cache,target=/x --mount=type=bind,from=busybox:1,source=/,target=/b true
FROM $REGISTRY/library/debian:${DEBIAN:-x} as Base
COPY --from=build /a /a
COPY --chown=1:1 --from=ghcr.io/org/tool:2 /t /t
COPY --from=0 /a /a
ONBUILD COPY --from=org/onbuild /x /x
FROM scratch
FROM base
COPY --from=later /x /x
from nginx AS later
`},
		want: "Dockerfile:4 golang:1.26-alpine\nDockerfile:6 busybox:1\nDockerfile:7 debian:bookworm\nDockerfile:9 ghcr.io/org/tool:2\nDockerfile:11 org/onbuild:latest\nDockerfile:15 nginx:latest\n",
	},
	{
		name:  "lines that continue",
		files: folder{"app.Dockerfile": "\ufeff# comment\r\n  FROM \\\r\n# inside\r\n\r\n  --platform=linux/amd64 \\  \r\n  nginx:1\r\nRUN a && \\\n  FROM x\n"},
		want:  "app.Dockerfile:2 nginx:1\n",
	},
	{
		name:  "another escape",
		files: folder{"Dockerfile.windows": "# syntax = x\n# Escape = `\nFROM `\n  nginx:1\nRUN dir c:\\\nFROM redis\n"},
		want:  "Dockerfile.windows:3 nginx:1\nDockerfile.windows:6 redis:latest\n",
	},
	{
		name:  "another escape, of variables",
		files: folder{"Dockerfile": "# escape=`\nARG V=1\nFROM mcr.microsoft.com/windows:`$V\n"},
		err:   "Dockerfile:3: tag \"$V\": expected at most 128 characters of a-z, A-Z, 0-9, _ . -, not starting with . or -",
	},
	{
		name:  "two escapes do not continue a line",
		files: folder{"Dockerfile": "FROM a\nRUN echo x \\\\\nFROM b\nRUN \\\n  x\nFROM c\n"},
		want:  "Dockerfile:1 a:latest\nDockerfile:3 b:latest\nDockerfile:6 c:latest\n",
	},
	{
		name:  "an argument that is edited, of an image that is skipped",
		files: folder{"Dockerfile": "ARG V=1.2\nARG MAJOR=${V%.*} NEXT=${MAJOR}x\n# hocker: skip\nFROM a:$NEXT\nFROM b:$V\n"},
		want:  "Dockerfile:5 b:1.2\nDockerfile:4 skipped: a:$NEXT: its comment says skip\n",
	},
	{
		name:  "an argument that is edited",
		files: folder{"Dockerfile": "ARG V=1.2\nARG MAJOR=${V%.*} NEXT=${MAJOR}x\nFROM b:$V\nFROM a:${NEXT:-1}\n"},
		err:   `Dockerfile:2: "${V%.*}": what follows ${V is none of the operators :- - :? ? :+ +`,
	},
	{
		name:  "quotes around parts",
		files: folder{"Dockerfile": "ARG REG=\"reg.example\" TAG='1'-\"x\"\nFROM \"$REG/org\"/app:${TAG:-\"2\"}\nCOPY --from=\"a\":1 / /\nRUN --mount=type=bind,\"From=b:1\",target=/x --mount=\"target=/y,from=c:1\" x\n"},
		want:  "Dockerfile:2 reg.example/org/app:1-x\nDockerfile:3 a:1\nDockerfile:4 b:1\nDockerfile:4 c:1\n",
	},
	{
		name:  "heredocs in quotes",
		files: folder{"Dockerfile": "FROM a\nRUN sh -c \"cat <<EOT >/x\"\nRUN echo 'x <<EOF' \\\" <<'E F'\nFROM b\nE F\nRUN echo it\\'s <<EOF\nFROM c\nEOF\nFROM d\n"},
		want:  "Dockerfile:1 a:latest\nDockerfile:9 d:latest\n",
	},
	{
		name:  "a comment ends the directives",
		files: folder{"Dockerfile": "# a comment\n# escape=`\nFROM \\\n  nginx:1\n"},
		want:  "Dockerfile:3 nginx:1\n",
	},
	{
		name:  "heredocs",
		files: folder{"Containerfile": "FROM a\nRUN <<EOF cat <<-'TWO'\nFROM b\nEOF\nFROM c\n\tTWO\nCOPY <<\"x\" /f\nFROM d\nRUN cat <<< word\nFROM e\n"},
		err:   `Containerfile:7: the heredoc "x" has no end`,
	},
	{
		name:  "heredocs that end",
		files: folder{"Containerfile": "FROM a\nRUN <<EOF cat <<-'TWO'\nFROM b\nEOF\nFROM c\n\tTWO\nRUN cat <<< word $((1<<2))\nFROM e\n"},
		want:  "Containerfile:1 a:latest\nContainerfile:8 e:latest\n",
	},
	{
		name:  "comments about images",
		files: folder{"Dockerfile": "# hocker: name=build\nFROM golang:1\n\n# hocker: skip\n# really\nFROM local\nRUN x # hocker: name=none\n"},
		want:  "Dockerfile:2 golang:1 build\nDockerfile:6 skipped: local: its comment says skip\n",
	},
	{
		name:  "skip, whatever the text is",
		files: folder{"Dockerfile": "# hocker: skip\nFROM ${X#b}\n# hocker: skip\nCOPY --from=$Y / /\nCOPY --from=0 / /\n"},
		want: "Dockerfile:2 skipped: ${X#b}: its comment says skip\n" +
			"Dockerfile:4 skipped: $Y: its comment says skip\n",
	},
	{
		name:  "an argument without a default",
		files: folder{"Dockerfile": "ARG TAG\n# hocker: name=web\nFROM nginx:$TAG\nFROM redis\n"},
		want: "Dockerfile:4 redis:latest\n" +
			"Dockerfile:3 skipped: FROM nginx:$TAG: the argument TAG has no default\n",
	},
	{
		name:  "a variable of a stage",
		files: folder{"Dockerfile": "FROM a\nARG X=b\nCOPY --from=$X / /\n"},
		err:   `Dockerfile:3: "$X": from= takes no variables: give it a stage of its own, FROM … AS …`,
	},
	{
		name:  "a pattern",
		files: folder{"Dockerfile": "ARG X=b\nFROM ${X#b}\n"},
		err:   `Dockerfile:2: "${X#b}": what follows ${X is none of the operators :- - :? ? :+ +`,
	},
	{
		name:  "FROM alone",
		files: folder{"Dockerfile": "FROM\n"},
		err:   "Dockerfile:1: FROM names no image",
	},
}

func TestReadDockerfile(t *testing.T) { runReadTests(t, Dockerfile, dockerfileTests) }
