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

  image = {
    options = {
      image = mkOption {
        type = types.nullOr types.str;
        default = null;
        example = "docker.io/library/nginx:1.29";
        description = ''
          The image, as any reference that the lock file knows. The default is the
          image that has this name in the lock file.
        '';
      };
      tags = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [ "registry.internal/web:production" ];
        description = "Other references to load the image under.";
      };
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
  options.virtualisation.hocker = {
    package = mkOption {
      type = types.package;
      default = pkgs.callPackage ../package.nix { };
      defaultText = literalExpression "hocker, built with the Go of this nixpkgs";
      example = literalExpression "inputs.hocker.packages.\${system}.hocker";
      description = "The hocker that fetches the images and loads them.";
    };

    lockFile = mkOption {
      type = types.nullOr types.path;
      default = null;
      example = literalExpression "./hocker.lock.json";
      description = ''
        The lock file. Every container of
        {option}`virtualisation.oci-containers.containers` whose image it locks gets
        that image from the Nix store, and never pulls. The spelling of the reference
        does not matter: `nginx:1.29`, `docker.io/library/nginx:1.29` and
        `nginx@sha256:…` find the same image. A container with `imageFile` or
        `imageStream` is left alone.

        The image of a container is loaded by the unit `hocker-load-NAME.service`,
        where `NAME` is its name in the lock file.
      '';
    };

    onlyLocked = mkOption {
      type = types.bool;
      default = true;
      example = false;
      description = ''
        Whether the evaluation fails if the image of a container is not locked. The
        message has the command that locks it. If this is `false`, such a container
        pulls its image.
      '';
    };

    exceptions = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "watchtower" ];
      description = "Containers whose images need not be locked, in spite of `onlyLocked`.";
    };

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
