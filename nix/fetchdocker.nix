# Functions that fetch container images into the Nix store. Every config, layer
# and manifest is a fixed-output derivation whose builder is the hocker binary and
# whose hash is its digest in the registry.
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
# Here debian.nix is an expression from docker2nix. The functions replace those that
# nixpkgs once had under the same names. They take the same arguments and give the
# same derivation names, and so the same store paths. They need only Nix.
{
  # A package or folder with bin/hocker. The binary runs in builds, so it must be
  # for `system`.
  hocker,
  # The system that builds. The outputs do not depend on it.
  system,
  # A package or folder with the bin/hocker that compositeImage.sh runs. It differs
  # from `hocker` only in cross-compilation.
  hostHocker ? hocker,
  # The system to select images of a lock file for.
  hostSystem ? system,
  # Mirrors to try before a registry, in this order:
  # [ "docker.io=https://mirror.example/v2/" "*=cache.example:5000" ]. The mirrors
  # in the environment variable HOCKER_MIRRORS come first. The outputs do not depend
  # on them.
  mirrors ? [ ],
  # A package or folder with bin/mkfs.erofs of erofs-utils 1.7 or newer, for `system`.
  # Only erofsCompression needs it.
  erofsUtils ? null,
}:
let
  builder = "${hocker}/bin/hocker";

  dockerHub = "https://registry-1.docker.io/v2/";

  fetchBlob = import ./blob.nix { inherit builder system mirrors; };

  composeImage = import ./image.nix {
    inherit builder system;
    hostBinary = "${hostHocker}/bin/hocker";
    erofs = import ./erofs.nix { inherit builder system erofsUtils; };
    makePodmanStore = podmanStore.make;
  };

  podmanStore = import ./podman-store.nix { inherit builder system; };
in
rec {
  # fetchDockerLayer: one layer, compressed as in the registry. The result has the
  # attribute `digest`.
  fetchDockerLayer =
    {
      # https://HOST[:PORT][/PREFIX]/v2/, http://…, or a bare host.
      registry ? dockerHub,
      # The part of the image's name before the last slash, or "".
      repository ? "library",
      # The part of the image's name after the last slash.
      imageName,
      # The digest in the manifest, with or without "sha256:". It is redundant, and
      # must match sha256 or hash.
      layerDigest ? null,
      # The digest in base16, with or without "sha256:", or in Nix base32. Pass
      # either this or `hash`.
      sha256 ? null,
      # The digest as sha256-<base64>. Pass either this or `sha256`. (Both accept all
      # formats.)
      hash ? null,
      # Only for messages: a layer is fetched by digest.
      tag ? "",
      # The default is docker-layer-<digest>.tar.gz.
      name ? null,
      # The size in bytes, as in the manifest. The build fails as soon as the registry
      # sends more. The output does not depend on it.
      size ? null,
      # The limit for a layer without `size`, in bytes. The default is 64 GiB.
      maxSize ? null,
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
        size
        maxSize
        ;
    };

  # fetchDockerConfig: the config of an image, which describes how to run it and
  # which layers it has. The result has the attribute `digest`.
  fetchDockerConfig =
    {
      # As in fetchDockerLayer.
      registry ? dockerHub,
      repository ? "library",
      imageName,
      # Only for the derivation's name and messages: the config is fetched by digest,
      # and stays the same when the tag moves.
      tag,
      # As in fetchDockerLayer: pass either.
      sha256 ? null,
      hash ? null,
      # The default is <repository>_<imageName>_<tag>-config.json, with "_" for every
      # character that is not allowed in store paths.
      name ? null,
      # As in fetchDockerLayer.
      size ? null,
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
        size
        ;
    };

  # fetchDockerManifest: the manifest of an image, byte for byte as in the registry.
  # The result has the attribute `digest`.
  fetchDockerManifest =
    {
      # As in fetchDockerConfig.
      registry ? dockerHub,
      repository ? "library",
      imageName,
      tag,
      sha256 ? null,
      hash ? null,
      # The default is <repository>_<imageName>_<tag>-manifest.json.
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
  # writes a docker-archive to standard output, for `docker load` and others. Its
  # attributes are `image` (the reference to load it under), `imageName` and
  # `imageTag` (the parts of `image`), `imageDigest`, `layers`, `config` and
  # `manifest`. Other attributes are further shapes of the image. They have the same
  # attributes, and are built on demand:
  #
  #   stream   an executable that writes the archive with compressed layers:
  #            for virtualisation.oci-containers.containers.<name>.imageStream
  #            and arion
  #   archive  a tar file with unpacked layers, verified against the config:
  #            for imageFile, dockerTools' fromImage, services.k3s.images
  #   oci      an OCI layout whose blobs are links into the store:
  #            for skopeo copy oci:…, podman pull oci:…
  #   nix2container  a file for fromImage of nix2container.buildImage
  #   load     bin/load, which loads the image into the engine of this machine
  #   erofs    links to every layer as an EROFS file, verified against the config;
  #            0.erofs is the lowest. Its attribute `layers` lists their derivations,
  #            each a folder with layer.erofs
  #   podmanStore  podmanStoreOf [ IMAGE ]
  #   rootfs   the whole image as one EROFS file: for RootImage of systemd,
  #            systemd-nspawn --image, microVMs
  #   service  lib/systemd/system/NAME.service, which runs the image from its rootfs
  #            with no engine, for systemd.packages, and lib/sysusers.d with its user.
  #            Its attributes are `process` (what the config says) and `unit` (the same
  #            for systemd.services.<name>); both need import from derivation
  #   bundle   an OCI runtime bundle, and bin/run, which runs crun, runc or another
  #            runtime in it with the rootfs mounted
  fetchdocker =
    {
      # The derivation's name. Characters that are not allowed in store paths become
      # "_"; a name that is too long is replaced.
      name,
      # As in fetchDockerLayer, but only for the image's name.
      registry ? dockerHub,
      repository ? "library",
      imageName,
      # A tag, or a digest ("sha256:…").
      tag,
      # A result of fetchDockerConfig, or any other image config.
      imageConfig,
      # Results of fetchDockerLayer, or any other layers, from bottom to top.
      imageLayers,
      # A result of fetchDockerManifest, or any other file with the image's manifest.
      imageManifest ? null,
      # The digest of the manifest ("sha256:…"), which identifies the image to other
      # tools. It must match imageManifest if both are given.
      imageDigest ? null,
      # The reference to load the image under. The default is debian:jessie for
      # official images of Docker Hub, org/app:1 for its other images, and
      # HOST[:PORT]/REPOSITORY/NAME:TAG for other registries. Engines do not load an
      # image by digest: if `tag` is a digest, its hex digits are the tag.
      image ? null,
      # The expected platform, such as "linux/arm64/v8". The build fails if the config
      # has another one.
      platform ? null,
      # Whether to decompress every layer in the build and verify its diff ID against
      # the config. Engines reject images with a mismatch.
      verify ? true,
      # The compression of files in EROFS files: "lz4hc", "zstd", or null for none.
      erofsCompression ? null,
      # The largest size of an unpacked layer, in bytes. The default is 1 GiB, or 100 times
      # the size of the layer if that is more.
      maxUnpacked ? null,
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
        erofsCompression
        maxUnpacked
        ;
    };

  # fetchdockerLock: the images of a lock file. The argument is its path, or a set with
  # lockFile, erofsCompression and maxUnpacked, which apply to all its images.
  fetchdockerLock = import ./lock.nix {
    inherit
      fetchDockerConfig
      fetchDockerLayer
      fetchDockerManifest
      fetchdocker
      ;
    hostBinary = "${hostHocker}/bin/hocker";
    system = hostSystem;
  };

  # podmanStoreOf: images of fetchdocker or fetchdockerLock as an additional image store
  # of podman, from which it runs them without loading them. The argument is a list of
  # them; the same image may be there under several names. For additionalimagestores in
  # storage.conf.
  inherit (podmanStore) podmanStoreOf;
}
