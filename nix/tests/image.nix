# An image of generated layers, made by fetchdocker without a network, in every shape
# that a build can inspect. For passthru.tests of the package.
{
  hocker,
  runCommand,
  stdenv,
}:
let
  functions = import ../fetchdocker.nix {
    inherit hocker;
    inherit (stdenv.hostPlatform) system;
  };

  # A compressed layer as in registries, an uncompressed one as in `docker save`, and a
  # config with their diff IDs.
  parts = runCommand "hocker-test-parts" { } ''
    mkdir -p lower/etc upper "$out"
    echo 'ID=made-up' >lower/etc/os-release
    echo 'hello from hocker' >upper/hello
    tar -cf lower.tar -C lower etc
    tar -cf "$out/upper" -C upper hello
    gzip -nc lower.tar >"$out/lower"

    sum() { sha256sum "$1" | cut -d ' ' -f 1; }
    printf '{"architecture":"amd64","os":"linux","config":{"Cmd":["/hello"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s","sha256:%s"]}}' \
      "$(sum lower.tar)" "$(sum "$out/upper")" >"$out/config"
  '';

  image = functions.fetchdocker {
    name = "made-up";
    registry = "https://registry.example/v2/";
    repository = "tests";
    imageName = "made-up";
    tag = "1";
    imageConfig = "${parts}/config";
    imageLayers = [
      "${parts}/lower"
      "${parts}/upper"
    ];
    platform = "linux/amd64";
  };
in
runCommand "hocker-test-image" { } ''
  sum() { sha256sum "$1" | cut -d ' ' -f 1; }
  config=$(sum ${parts}/config)

  # compositeImage.sh and the stream write the same archive. Their interpreter is
  # /bin/sh, which some sandboxes lack.
  sh ${image}/compositeImage.sh >image.tar
  sh ${image.stream} >stream.tar
  cmp image.tar stream.tar
  tar -xOf image.tar manifest.json | grep -F '"registry.example/tests/made-up:1"'
  tar -xOf image.tar "blobs/sha256/$config" | cmp - ${parts}/config

  # The archive has the layers uncompressed, and the layout has them unchanged.
  mkdir archive
  tar -xf ${image.archive} -C archive
  gzip -dc ${parts}/lower >lower.tar
  sha256sum archive/*/layer.tar >layers
  grep -F "$(sum lower.tar)" layers
  grep -F "$(sum ${parts}/upper)" layers
  cmp ${parts}/lower "${image.oci}/blobs/sha256/$(sum ${parts}/lower)"

  # The manifest has the digest of the config.
  grep -F "sha256:$config" ${image.manifest}
  touch "$out"
''
