# The home-manager module: a user's containers, which podman runs without root, get the
# images of a lock file from the Nix store. One line is enough:
#
#   virtualisation.hocker.lockFile = ./hocker.lock.json;
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (builtins)
    attrNames
    attrValues
    concatStringsSep
    elem
    filter
    groupBy
    isList
    map
    match
    ;
  inherit (lib)
    mapAttrs
    mapAttrs'
    mapAttrsToList
    mkIf
    mkOption
    nameValuePair
    optional
    types
    ;

  cfg = config.virtualisation.hocker;
  inherit (config.services.podman) containers;
  inherit (pkgs.stdenv.hostPlatform) system;

  functions = import ./fetchdocker.nix {
    hocker = cfg.package;
    inherit system;
    mirrors = pkgs.hockerMirrors or [ ];
  };

  locks = import ./locked.nix {
    inherit (functions) fetchdocker fetchdockerLock;
    inherit system;
  } cfg.lockFile;

  inherit (locks) find locked;

  # Other images are paths, or quadlets that provide the image.
  isReference = image: match "/.*|.*[.](build|image)" image == null;

  unitOf = image: "hocker-load-${image.name}";

  list = value: if isList value then value else [ value ];

  # What the lock file changes in a container, as in module/containers.nix.
  container =
    { config, ... }:
    {
      options = {
        image = mkOption {
          apply =
            written:
            let
              found = find written;
            in
            if found == null then written else found.reference;
        };
        extraConfig = mkOption {
          apply =
            sections:
            let
              image = find config.image;
              unit = sections.Unit or { };
              load = [ "${unitOf image}.service" ];
            in
            if image == null then
              sections
            else
              sections
              // {
                Container = sections.Container or { } // {
                  Pull = "never";
                };
                # Otherwise podman makes the container wait for the network.
                Quadlet = {
                  DefaultDependencies = false;
                }
                // sections.Quadlet or { };
                Unit = unit // {
                  Requires = list (unit.Requires or [ ]) ++ load;
                  After = list (unit.After or [ ]) ++ load;
                  # systemd ignores this. It changes with the image, so that the
                  # container restarts.
                  X-Hocker-Image = "${image.reference}@${toString image.image.imageDigest}";
                };
              };
        };
      };
    };

  ofContainers = map (image: {
    inherit image;
    tags = [ ];
    wanted = false;
  }) (filter (image: image != null) (mapAttrsToList (name: one: find one.image) containers));

  # virtualisation.hocker.images, each with `locked`, the image found for it.
  images = mapAttrs (
    name: image:
    image
    // {
      locked = if image.image == null then locked.${name} or null else find image.image;
    }
  ) cfg.images;

  ofImages = mapAttrsToList (name: image: {
    image = image.locked // {
      inherit name;
    };
    inherit (image) tags;
    wanted = true;
  }) (lib.filterAttrs (name: image: image.locked != null) images);

  loads = groupBy ({ image, ... }: unitOf image) (ofContainers ++ ofImages);

  load =
    requests:
    let
      inherit ((builtins.head requests)) image;
      tags = builtins.concatMap (request: request.tags) requests;
      files = [ image.image ] ++ map (locks.retag image.image) tags;
    in
    {
      Unit = {
        Description = "Load ${image.reference} into podman";
        StartLimitIntervalSec = 0;
      };
      Service = {
        Type = "oneshot";
        # podman needs newuidmap, which is setuid.
        Environment = "PATH=${config.services.podman.package}/bin:/run/wrappers/bin:/run/current-system/sw/bin:/usr/bin:/bin:/usr/sbin:/sbin";
        ExecStart = "${cfg.package}/bin/hocker load --engine podman ${
          concatStringsSep " " (map (file: "${file}") files)
        }";
      };
    }
    // lib.optionalAttrs (builtins.any (request: request.wanted) requests) {
      Install.WantedBy = [ "default.target" ];
    };

  unlocked = filter (
    { name, image }: isReference image && find image == null && !(elem name cfg.exceptions)
  ) (
    mapAttrsToList (name: one: {
      inherit name;
      inherit (one) image;
    }) containers
  );
in
{
  imports = [ ./home/options.nix ];

  options.services.podman.containers = mkOption {
    type = types.attrsOf (types.submodule container);
  };

  config = mkIf (cfg.lockFile != null) {
    assertions = import ./home/assertions.nix {
      inherit
        cfg
        containers
        images
        lib
        loads
        ;
    }
    ++ optional cfg.onlyLocked {
      assertion = unlocked == [ ];
      message = import ./module/unlocked.nix {
        inherit lib locks system;
        inherit (cfg) lockFile;
        used = map ({ image, ... }: image.name) (ofContainers ++ ofImages);
      } unlocked;
    };

    systemd.user.services = mapAttrs (unit: load) loads;
  };
}
