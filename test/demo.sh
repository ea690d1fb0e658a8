#!/usr/bin/env bash
# Shows what hocker does, step by step, with servers of its own: an image goes from a
# registry through Nix into Docker, and runs there without the registry. `make demo`
# builds hocker, installs what is missing, and runs this.
set -euo pipefail

if [ "$(id -u)" != 0 ]; then
	echo "$0: not root, as Nix's sandbox and the demo's Docker daemon need: sudo make demo" >&2
	exit 1
fi
repo=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d -t hocker-demo.XXXXXX)
chmod 755 "$work"
cd "$work"
# The programs' temporary folder is removed with the demo's: if containerd is slow to
# start, dockerd makes it write its stacks there.
mkdir tmp
export TMPDIR=$work/tmp
PATH=$repo/bin:$PATH:/usr/sbin
pids=() made=()

cleanup() {
	status=$?
	set +e
	trap - EXIT
	if [ -n "${loaded:-}" ]; then docker image rm -f "$loaded" >/dev/null 2>&1; fi
	for pid in "${pids[@]}"; do stop "$pid"; done
	cd /
	# Unmount what dockerd left mounted, the last one first.
	awk -v work="$work/" 'index($5, work) == 1 { print $5 }' /proc/self/mountinfo | tac | xargs -r umount --lazy
	rm -rf "$work"
	# Delete only what Nix built here.
	for path in "${made[@]}"; do nix-store --delete "$path" >/dev/null 2>&1; done
	if [ "$status" != 0 ]; then echo "the demo stopped here (exit code $status)" >&2; fi
	exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# stop PID: end a process of the demo, and wait for it.
stop() {
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null || true
}

# say TEXT: announce the next step.
say() { printf '\n\033[1m# %s\033[0m\n' "$*"; }

# run COMMAND: print the command as a user types it, and run it.
run() {
	printf '\033[36m$ %s\033[0m\n' "$1"
	bash -euo pipefail -c "$1"
}

# await WHAT COMMAND...: wait until the command succeeds, which takes minutes on a busy
# machine.
await() {
	local what=$1
	shift
	for _ in $(seq 1500); do
		if "$@" >/dev/null 2>&1; then return; fi
		sleep 0.2
	done
	echo "$what does not answer" >&2
	return 1
}

start_registry() {
	for port in $(shuf -i 20000-29999 -n 20); do
		cat >registry.yml <<-END
			version: 0.1
			log: {level: error}
			storage: {filesystem: {rootdirectory: $work/registry}}
			http: {addr: "127.0.0.1:$port"}
		END
		docker-registry serve registry.yml >registry.log 2>&1 &
		registry=$!
		if await "the registry" registry_ready && kill -0 $registry 2>/dev/null; then
			pids+=("$registry")
			return
		fi
	done
	echo "no free port for a registry" >&2
	return 1
}

registry_ready() { ! kill -0 $registry 2>/dev/null || curl -fsS "http://127.0.0.1:$port/v2/"; }

# push_image: push an image of four layers with this machine's files, one of them
# over 20 MB.
push_image() {
	mkdir -p base/bin tools/tools words
	cp "$(command -v busybox)" base/bin/busybox
	for name in sh cat ls wc; do ln -s busybox base/bin/$name; done
	cp "$(go env GOROOT)/bin/go" tools/tools/go
	cp "$(go env GOTOOLDIR)"/* tools/tools/
	cp "$repo"/README.md "$repo"/LICENSE words/
	echo 'hello from the Nix store' >words/hello
	umoci init --layout oci
	umoci new --image oci:demo
	umoci insert --image oci:demo base /
	umoci insert --image oci:demo tools /
	umoci insert --image oci:demo words /words
	umoci insert --image oci:demo "$repo/nix" /words/nix
	umoci config --image oci:demo --config.cmd /bin/sh --config.cmd -c \
		--config.cmd 'cat /words/hello; echo "$(ls /tools | wc -l) tools, $(ls / | wc -l) folders"'
	skopeo copy -q --dest-tls-verify=false --format v2s2 oci:oci:demo "docker://127.0.0.1:$port/demo/app:1"
}

docker_ready() { ! kill -0 $docker 2>/dev/null || docker info; }

start_docker() {
	if docker info >/dev/null 2>&1; then
		echo "using this machine's Docker daemon"
		return
	fi
	mkdir -p docker
	dockerd --data-root "$work/docker/root" --exec-root "$work/docker/exec" -p "$work/docker/pid" \
		-H "unix://$work/docker/sock" --iptables=false --bridge=none --storage-driver=vfs \
		>docker.log 2>&1 &
	docker=$!
	pids+=("$docker")
	export DOCKER_HOST=unix://$work/docker/sock
	if ! await dockerd docker_ready || ! kill -0 $docker 2>/dev/null; then
		tail -n 20 docker.log >&2
		return 1
	fi
	echo "started a Docker daemon for the demo, at $DOCKER_HOST"
}

say "A registry for the demo, with an image of this machine's files"
start_registry
push_image
echo "pushed 127.0.0.1:$port/demo/app:1"

say "The image's manifest becomes a Nix expression, without downloading a layer"
export REGISTRY=http://127.0.0.1:$port/v2/
run "hocker-manifest --registry $REGISTRY demo/app 1 | docker2nix --registry $REGISTRY demo/app 1 > app.nix"
run "cat app.nix"

say "Nix fetches the config and the layers into the store, each by its digest"
mkdir -p hocker/bin
cp "$repo/bin/hocker" hocker/bin/
cat >default.nix <<END
# With the overlay this is: pkgs.callPackage ./app.nix { }
let
  functions = import $repo/nix/fetchdocker.nix {
    hocker = ./hocker;
    system = builtins.currentSystem;
  };
in
import ./app.nix { inherit (functions) fetchDockerConfig fetchDockerLayer fetchdocker; }
END
export NIX_CONFIG="substituters =
sandbox = true
${NIX_CONFIG:-}"
run "cat default.nix"
run "nix-build default.nix"
image=$(readlink -f result)
drv=$(nix-store -q --deriver "$image")
mapfile -t made < <(nix-store -q --requisites "$image" | tac; nix-store -q --requisites "$drv" | tac)
run "nix-store -q --references ./result"
run "ls -lhL \$(nix-store -qR ./result | grep docker-layer)"

say "The registry goes away: the store does not need it any more"
stop "$registry"
run "hocker-manifest --quiet --registry $REGISTRY demo/app 1 || echo 'no registry, exit code '\$?"

say "The image goes from the store into Docker, and runs"
start_docker
loaded=127.0.0.1:$port/demo/app:1
run "./result/compositeImage.sh | docker load"
run "docker run --rm --network none $loaded"

say "That was it. What to try next"
cat <<END
With a registry on the internet:
  bin/docker2nix debian:bookworm > debian.nix           pin an image
  bin/hocker-image debian:bookworm --out debian.tar     download an image
README.md shows how to use hocker in your own flake, in five minutes.
END
