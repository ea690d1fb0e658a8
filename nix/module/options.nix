# The options of the NixOS module.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) literalExpression mkOption types;

  engines = [
    "docker"
    "podman"
    "containerd"
    "k3s"
  ];

  shared = import ./shared-options.nix {
    inherit lib pkgs;
    containers = "virtualisation.oci-containers.containers";
    others = "A container with `imageFile` or `imageStream` is left alone.";
  };

  image = {
    options = shared.image // {
      engine = mkOption {
        type = types.enum engines;
        default = config.virtualisation.oci-containers.backend;
        defaultText = literalExpression "config.virtualisation.oci-containers.backend";
        example = "containerd";
        description = ''
          The engine to load the image into. `"k3s"` is the containerd of a running
          k3s. To import the image before the first pod starts, use
          {option}`virtualisation.hocker.k3s.images` instead.
        '';
      };
    };
  };
in
{
  options.virtualisation.hocker = shared.options // {
    images = mkOption {
      type = types.attrsOf (types.submodule image);
      default = { };
      example = literalExpression ''
        {
          web.tags = [ "registry.internal/web:production" ];
          job = {
            image = "ghcr.io/org/job:3";
            engine = "containerd";
          };
        }
      '';
      description = ''
        Images of the lock file to load in addition to those of the containers.
        `hocker-load-NAME.service` loads them when the system starts. If a unit needs
        one of them, add that service to its `requires` and `after`.
      '';
    };

    prune = mkOption {
      type = types.bool;
      default = false;
      example = true;
      description = ''
        Whether to remove images that an earlier configuration loaded into Docker or
        podman and this one does not, once their containers are gone. An image stays
        if it also has a tag that no configuration gave it. Kubernetes removes unused
        images by itself.
      '';
    };

    podman = {
      zeroCopy = mkOption {
        type = types.bool;
        default = false;
        example = true;
        description = ''
          Whether root's podman runs the images where they lie in the Nix store. Nothing
          is loaded: each layer is a file system in the store, and podman mounts it. This
          holds for the containers of
          {option}`virtualisation.oci-containers.containers`, and for
          {option}`virtualisation.hocker.images` with the engine podman.

          It needs podman 5 and Linux 6.12, or newer ones. Layers in this form are larger
          than in a registry; see {option}`virtualisation.hocker.podman.compression`.
          Other engines load their images as before. Containers of other users are an
          error: only root may mount the layers. `docs/running-from-the-store.md` says
          what else is different.
        '';
      };

      compression = mkOption {
        type = types.nullOr (
          types.enum [
            "lz4hc"
            "zstd"
          ]
        );
        default = null;
        example = "zstd";
        description = ''
          How the layers of {option}`virtualisation.hocker.podman.zeroCopy` are
          compressed. It saves space in the store, and costs time in the build and
          whenever a file is read.
        '';
      };
    };

    k3s.images = mkOption {
      type = types.either (types.enum [ "all" ]) (types.listOf types.str);
      default = [ ];
      example = [
        "web"
        "cache"
      ];
      description = ''
        Names of images in the lock file, which are added to
        {option}`services.k3s.images`, or `"all"`. k3s imports them before it starts a
        pod, and imports an image again only when it has changed.
      '';
    };

    credentialsFile = mkOption {
      # Not types.path: that would accept a path that Nix copies into the store.
      type = types.nullOr (types.either types.str types.path);
      default = null;
      example = "/run/secrets/registry";
      description = ''
        A file on this machine with credentials for private registries, for builds
        on it: a `config.json` of Docker, a netrc, or lines with `REGISTRY=`,
        `USERNAME=` and `PASSWORD=`. Each credential is sent only to the hosts that the
        file names for it. The file is never copied into the store. It gets the group
        `nixbld` and the mode 0440, and is part of the sandbox of every build: whoever
        can build on this machine can read it.
      '';
    };
  };
}
