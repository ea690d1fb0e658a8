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
          The engine that the image is loaded into. With `"k3s"`, it is loaded into the
          containerd of a running k3s; to have it imported before the first pod
          starts, use {option}`virtualisation.hocker.k3s.images`.
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
        Images of the lock file to load although no container names them. They are
        loaded by `hocker-load-NAME.service` when the system starts. A unit that needs
        one of them has that service in `requires` and `after`.
      '';
    };

    prune = mkOption {
      type = types.bool;
      default = false;
      example = true;
      description = ''
        Whether to remove images that an earlier configuration loaded into Docker or
        podman and this one does not, once their containers are gone. An image that
        has a tag from somebody else stays. The engines of Kubernetes prune by
        themselves.
      '';
    };

    k3s.images = mkOption {
      type = types.either (types.enum [ "all" ]) (types.listOf types.str);
      default = [ ];
      example = [
        "web"
        "cache"
      ];
      description = ''
        Images of the lock file, by their names in it, to add to
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
        A file on this machine with the credentials of private registries, for builds
        on it: a `config.json` of Docker, a netrc, or lines with `REGISTRY=`,
        `USERNAME=` and `PASSWORD=`. Each credential is sent only to the hosts that the
        file names for it. The file is never copied into the store. It gets the group
        `nixbld` and the mode 0440, and is part of the sandbox of every build: whoever
        can build on this machine can read it.
      '';
    };
  };
}
