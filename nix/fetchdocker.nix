# Container images in the Nix store: every config, layer and manifest is a
# fixed-output derivation whose builder is the hocker binary and whose hash is
# the digest by which the registry knows it.
#
#   let
#     inherit (import ./fetchdocker.nix { inherit hocker system; })
#       fetchDockerConfig
#       fetchDockerLayer
#       fetchdocker
#       ;
#   in
#   import ./debian.nix { inherit fetchDockerConfig fetchDockerLayer fetchdocker; }
#
# where debian.nix is what docker2nix wrote. The functions take the place of the
# ones that nixpkgs once had under these names: the same arguments, the same
# derivation names and so the same store paths. They need nothing but Nix.
{
  # What has bin/hocker: a package, or the path of a folder. It runs in the
  # builds, so it is a binary for `system`.
  hocker,
  # The system that builds. What is fetched does not depend on it.
  system,
  # What has the bin/hocker that compositeImage.sh runs: another one than
  # `hocker` only where the image is for machines that do not build it.
  hostHocker ? hocker,
  # The system that the images of a lock file are for.
  hostSystem ? system,
  # Registries to ask first for what is in others, in this order:
  # [ "docker.io=https://mirror.example/v2/" "*=cache.example:5000" ]. The
  # environment's HOCKER_MIRRORS comes before them. No output depends on them.
  mirrors ? [ ],
}:
let
  builder = "${hocker}/bin/hocker";

  dockerHub = "https://registry-1.docker.io/v2/";

  fetchBlob = import ./blob.nix { inherit builder system mirrors; };

  composeImage = import ./image.nix {
    inherit builder system;
    hostBinary = "${hostHocker}/bin/hocker";
  };
in
rec {
  # fetchDockerLayer: one layer, as the registry has it (compressed).
  # The result has the attribute `digest`.
  fetchDockerLayer =
    {
      # https://HOST[:PORT][/PREFIX]/v2/, http://…, or a bare host.
      registry ? dockerHub,
      # What comes before the last slash of the image's name; "" for nothing.
      repository ? "library",
      # What comes after the last slash of the image's name.
      imageName,
      # The digest as the manifest has it, with or without "sha256:". It says
      # what sha256 or hash says already, and must agree with it.
      layerDigest ? null,
      # The digest in base16, with or without "sha256:", or in Nix base32. This
      # one or `hash`, not both.
      sha256 ? null,
      # The digest as sha256-<base64>. This one or `sha256`, not both. (Either
      # takes what the other does.)
      hash ? null,
      # For messages: a layer is fetched by its digest.
      tag ? "",
      # docker-layer-<digest>.tar.gz, if it is left out.
      name ? null,
    }:
    fetchBlob "fetchDockerLayer" "layer" {
      inherit
        registry
        repository
        imageName
        layerDigest
        sha256
        hash
        tag
        name
        ;
    };

  # fetchDockerConfig: an image's config, which says how a container is started
  # and which layers it has. The result has the attribute `digest`.
  fetchDockerConfig =
    {
      # As in fetchDockerLayer.
      registry ? dockerHub,
      repository ? "library",
      imageName,
      # For the derivation's name and for messages: the config is fetched by its
      # digest, and stays the same when the tag moves on.
      tag,
      # As in fetchDockerLayer: one of them.
      sha256 ? null,
      hash ? null,
      # <repository>_<imageName>_<tag>-config.json, if it is left out, with "_"
      # for every character that no store path has.
      name ? null,
    }:
    fetchBlob "fetchDockerConfig" "config" {
      inherit
        registry
        repository
        imageName
        tag
        sha256
        hash
        name
        ;
    };

  # fetchDockerManifest: an image's manifest, byte for byte as the registry has
  # it. The result has the attribute `digest`.
  fetchDockerManifest =
    {
      # As in fetchDockerConfig.
      registry ? dockerHub,
      repository ? "library",
      imageName,
      tag,
      sha256 ? null,
      hash ? null,
      # <repository>_<imageName>_<tag>-manifest.json, if it is left out.
      name ? null,
    }:
    fetchBlob "fetchDockerManifest" "manifest" {
      inherit
        registry
        repository
        imageName
        tag
        sha256
        hash
        name
        ;
    };

  # fetchdocker: an image. The result is a folder with compositeImage.sh, which
  # writes the image's archive to standard output for `docker load` and its
  # like. It has the attributes `image` (the reference under which it is loaded),
  # `imageName` and `imageTag` (the two parts of that), `imageDigest`, `layers`,
  # `config` and `manifest`, as have its other shapes, which are built when they
  # are asked for:
  #
  #   stream   one executable that writes the archive, layers as they are:
  #            for virtualisation.oci-containers.containers.<name>.imageStream
  #            and arion
  #   archive  a tar file with unpacked layers, checked against the config:
  #            for imageFile, dockerTools' fromImage, services.k3s.images
  #   oci      a folder, an OCI layout whose blobs are links into the store:
  #            for skopeo copy oci:…, podman pull oci:…
  #   load     bin/load, which loads the image into this machine's engine
  fetchdocker =
    {
      # The derivation's name. "_" stands for a character that no store path has,
      # and another name for one that is too long.
      name,
      # As in fetchDockerLayer; here they are the image's name and no more.
      registry ? dockerHub,
      repository ? "library",
      imageName,
      # A tag, or a digest ("sha256:…").
      tag,
      # What fetchDockerConfig gave, or any file that is an image's config.
      imageConfig,
      # What fetchDockerLayer gave, or any files that are layers, from the
      # lowest to the topmost.
      imageLayers,
      # What fetchDockerManifest gave, or any file that is the image's manifest.
      imageManifest ? null,
      # The digest of that manifest ("sha256:…"), by which other tools know the
      # image. It must agree with imageManifest where both are given.
      imageDigest ? null,
      # The reference under which the archive is loaded: if it is left out,
      # debian:jessie for Docker Hub's library, org/app:1 for the rest of it,
      # HOST[:PORT]/REPOSITORY/NAME:TAG for every other registry. No engine loads
      # an image by its digest: with a digest for a tag, its digits are the tag.
      image ? null,
      # What the image has to be for, "linux/arm64/v8": the build fails where
      # the config says something else.
      platform ? null,
      # Unpack every layer in the build, to nowhere, and compare with the diff
      # IDs in the config: what does not match, no engine would load.
      verify ? true,
    }:
    composeImage {
      inherit
        name
        registry
        repository
        imageName
        tag
        imageConfig
        imageLayers
        imageManifest
        imageDigest
        image
        platform
        verify
        ;
    };

  # fetchdockerLock: the images of a lock file.
  fetchdockerLock = import ./lock.nix {
    inherit
      fetchDockerConfig
      fetchDockerLayer
      fetchDockerManifest
      fetchdocker
      ;
    system = hostSystem;
  };
}
