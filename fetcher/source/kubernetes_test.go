package source

import (
	"strings"
	"testing"
)

var kubernetesTests = []readTest{
	{
		name: "pod specs everywhere",
		files: folder{"all.yaml": `# Source: chart/templates/pod.yaml
apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  initContainers:
    - name: init
      image: busybox:1.37
  containers:
    - image: "nginx:1.29"
      name: web
    - name: sidecar
      # hocker: name=side
      image: registry.k8s.io/pause:3.10
  ephemeralContainers:
    - image: debug
  volumes:
    - name: data
      emptyDir: {}
    - name: model
      image:
        reference: quay.io/org/model:2
        pullPolicy: Always
---
apiVersion: batch/v1
kind: CronJob
spec:
  jobTemplate:
    spec:
      template:
        spec:
          containers: [{name: job, image: org/job:1}]
---
# nothing
---
apiVersion: v1
kind: List
items:
  - apiVersion: apps/v1
    kind: Deployment
    metadata:
      annotations: {helm.sh/hook: post-install}
    spec:
      template:
        spec:
          containers:
            - image: org/listed:1
  - apiVersion: example.org/v1
    kind: Operated
    spec:
      podTemplate:
        spec:
          containers:
            - image: org/custom:1
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
spec:
  versions:
    - schema:
        openAPIV3Schema:
          properties:
            containers:
              type: array
              items: {properties: {image: {type: string}}}
            volumes: {items: {image: {reference: x}}}
`},
		want: "all.yaml:8 busybox:1.37\nall.yaml:10 nginx:1.29\nall.yaml:14 registry.k8s.io/pause:3.10 side\nall.yaml:16 debug:latest\nall.yaml:22 quay.io/org/model:2\n" +
			"all.yaml:32 org/job:1\nall.yaml:47 org/listed:1\nall.yaml:54 org/custom:1\n",
	},
	{
		name: "images of custom resources",
		files: folder{"crs.yaml": `apiVersion: monitoring.coreos.com/v1
kind: Prometheus
spec:
  image: quay.io/prometheus/prometheus:v3 # hocker: name=prometheus
  containers: [{name: extra, image: quay.io/org/extra:1}]
---
apiVersion: example.org/v1
kind: Picture
spec: {image: picture.png}
---
apiVersion: example.org/v1
kind: Picture
spec: {image: "https://example.org/picture.png"}
---
apiVersion: example.org/v1
kind: Disk
spec: {image: debian}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
spec: {image: {type: string}}
---
apiVersion: ceph.rook.io/v1
kind: CephCluster
metadata: {image: org/label:1}
spec:
  cephVersion:
    image: quay.io/ceph/ceph:v20.2.4
---
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
spec:
  imageName: ghcr.io/cloudnative-pg/postgresql:17.6
  imagePullPolicy: org/policy:1
  extensions: [{image: {reference: org/postgis:3}}, {image: {reference: logo}}]
  sidecars: [{proxyImage: "quay.io/org/proxy@sha256:1111111111111111111111111111111111111111111111111111111111111111"}]
`},
		want: "crs.yaml:4 quay.io/prometheus/prometheus:v3 prometheus\ncrs.yaml:5 quay.io/org/extra:1\n" +
			"crs.yaml:28 quay.io/ceph/ceph:v20.2.4\ncrs.yaml:33 ghcr.io/cloudnative-pg/postgresql:17.6\ncrs.yaml:35 org/postgis:3\ncrs.yaml:36 quay.io/org/proxy@sha256:1111111111111111111111111111111111111111111111111111111111111111\n",
	},
	{
		name: "images that operators start",
		files: folder{"operator.yaml": `apiVersion: apps/v1
kind: Deployment
spec:
  template:
    spec:
      containers:
        - image: &self quay.io/org/operator:1
          command: [operator, "-proxy-image=org/proxy:1"]
          args:
            - --acme-http01-solver-image=quay.io/org/solver:1 # hocker: name=solver
            - --engine-image
            - docker.io/org/engine:1
            - --image
            - --image-pull-policy=Always
            - --manager-image=$(IMAGE)
            - org/no-flag:1
            - --listen=example.org/page:80
            - --config-reloader=quay.io/org/reloader:v0.86.0
            - --page=https://example.org/page:v1
            - --reloader=org/reloader:v1
            - [--list-image=org/list:1]
            - --late-image=org/late:1
          env:
            - name: RELATED_IMAGE_WEB
              # hocker: skip
              value: quay.io/org/web:1
            - {name: SHELL_IMAGE, value: org/shell:1}
            - {name: SELF_IMAGE, value: *self}
            - {name: IMAGE_TAG, value: "1"}
            - {name: IMAGE_REPOSITORY, value: quay.io/org/web}
            - {name: IMAGINE, value: quay.io/org/imagine:1}
            - {name: FROM_IMAGE, valueFrom: {fieldRef: {fieldPath: x}}}
            - {name: LOGO_IMAGE, value: "https://example.org/logo:1"}
            - name: KAFKA_IMAGES
              value: |
                # none
                4.2.0=quay.io/org/kafka:4.2.0
                4.3.0=quay.io/org/kafka:4.3.0
`},
		want: "operator.yaml:7 quay.io/org/operator:1\noperator.yaml:8 org/proxy:1\noperator.yaml:10 quay.io/org/solver:1 solver\noperator.yaml:12 org/engine:1\n" +
			"operator.yaml:18 quay.io/org/reloader:v0.86.0\noperator.yaml:27 org/shell:1\noperator.yaml:37 quay.io/org/kafka:4.2.0\noperator.yaml:38 quay.io/org/kafka:4.3.0\noperator.yaml:26 skipped: quay.io/org/web:1: its comment says skip\n",
	},
	{
		name:  "JSON",
		files: folder{"pod.json": `{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"image": "a"}, {"image": null}, {"image": ""}, {}, "x"]}}`},
		want:  "pod.json:1 a:latest\n",
	},
	{
		name:  "aliases",
		files: folder{"pod.yaml": "kind: Pod\nx: &x\n  - image: a\ny: {containers: *x, initContainers: *x}\n"},
		want:  "pod.yaml:3 a:latest\n",
	},
	{
		name:  "aliases that never end",
		files: folder{"pod.yaml": "kind: Pod\nx: &x\n  - containers: *x\n"},
		err:   "pod.yaml:2: nested deeper than 500",
	},
	{
		name:  "aliases that double",
		files: folder{"pod.yaml": "kind: Pod\na: &a [x, x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\ne: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]\nf: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]\ng: [*f, *f, *f, *f, *f, *f, *f, *f, *f, *f]\n"},
		err:   "pod.yaml:2: the aliases make the document too large",
	},
	{
		name:  "a reference that is none",
		files: folder{"pod.yaml": "kind: Pod\ncontainers:\n  - image: UPPER\n"},
		err:   `pod.yaml:3: image name "UPPER": repository names must be lower-case`,
	},
	{
		name:  "a template",
		files: folder{"pod.yaml": "kind: Pod\ncontainers:\n  - image: {{ .Values.image }}\n"},
		err:   "pod.yaml:3: image: {{ begins a template, which is not understood: give what it makes, as in `helm template … | hocker lock add --from -`",
	},
	{
		name:  "an image that is built",
		files: folder{"pod.yaml": "kind: Pod\ncontainers:\n  - image: ko://example.org/app\n"},
		err:   "pod.yaml:3: registry \"ko://example.org\": scheme is neither http nor https, expected https://HOST[:PORT]/v2/; if it is a template, give what it makes, as in `helm template … | hocker lock add --from -`",
	},
	{
		name:  "a variable",
		files: folder{"pod.yaml": "kind: Pod\ncontainers:\n  - image: ${IMAGE}\n"},
		err:   "pod.yaml:3: image name \"${IMAGE}\": repository names must be lower-case; if it is a template, give what it makes, as in `helm template … | hocker lock add --from -`",
	},
	{
		name:  "a template that is no YAML",
		files: folder{"pod.yaml": "kind: Pod\n{{- if x }}\n"},
		err:   "pod.yaml:2: invalid YAML: could not find expected ':'; if it is a template, give what it makes, as in `helm template … | hocker lock add --from -`",
	},
	{
		name:  "a document that is too large",
		files: folder{"pod.yaml": "kind: Pod\nx: " + strings.Repeat("a", maxDocument) + "\n"},
		err:   "pod.yaml: a document is larger than 2.1 MB",
	},
	{
		name:  "many documents",
		files: folder{"pod.yaml": "kind: Pod\n" + strings.Repeat("---\nx: "+strings.Repeat("a", maxDocument/3)+"\n", 7) + "containers: [{image: a}]\n"},
		want:  "pod.yaml:16 a:latest\n",
	},
	{
		name:  "a mistake in a later document",
		files: folder{"pod.yaml": "kind: Pod\ncontainers:\n  - image: a\n---\na: [\n"},
		err:   `pod.yaml:5: invalid YAML: did not find expected node content`,
	},
}

func TestReadKubernetes(t *testing.T) { runReadTests(t, Kubernetes, kubernetesTests) }
