# The NixOS module: containers and Kubernetes get the images of a lock file from the
# Nix store. One line is enough:
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
    filter
    isString
    map
    ;
  inherit (lib)
    concatLists
    filterAttrs
    mapAttrs
    mapAttrsToList
    mkIf
    mkMerge
    optional
    ;

  cfg = config.virtualisation.hocker;
  containers = config.virtualisation.oci-containers;
  inherit (pkgs.stdenv.hostPlatform) system;

  functions = import ./fetchdocker.nix {
    # The builder runs where the images are built.
    hocker =
      if pkgs.stdenv.buildPlatform.system == system then
        cfg.package
      else
        pkgs.buildPackages.callPackage ./package.nix { };
    hostHocker = cfg.package;
    system = pkgs.stdenv.buildPlatform.system;
    hostSystem = system;
    erofsUtils = pkgs.buildPackages.erofs-utils;
    mirrors = pkgs.hockerMirrors or [ ];
  };

  locks = import ./locked.nix {
    inherit (functions) fetchdocker fetchdockerLock;
    inherit system;
    erofsCompression = cfg.podman.compression;
  } cfg.lockFile;

  # podman can run images where they lie in the store, but only root's podman.
  isInPlace = { engine, user, ... }: cfg.podman.zeroCopy && engine == "podman" && user == "root";

  overrides = import ./module/containers.nix {
    inherit config lib isInPlace;
    inherit (locks) find;
  };
  inherit (overrides) requestOf;

  served = filterAttrs (name: { locked, ... }: locked != null) (
    mapAttrs (name: container: {
      inherit container;
      locked = overrides.served container;
    }) containers.containers
  );

  unlocked = filter (
    { name, container }:
    !(served ? ${name})
    && container.imageFile == null
    && container.imageStream == null
    && !(builtins.elem name cfg.exceptions)
  ) (mapAttrsToList (name: container: { inherit name container; }) containers.containers);

  images = mapAttrs (
    name: image:
    image
    // {
      locked = if image.image == null then locks.locked.${name} or null else locks.find image.image;
    }
  ) cfg.images;

  loads = import ./module/loads.nix {
    inherit
      isInPlace
      lib
      requestOf
      served
      ;
    images = filterAttrs (name: image: image.locked != null) images;
  };

  k3sNames = if cfg.k3s.images == "all" then attrNames locks.locked else cfg.k3s.images;

  used =
    map ({ locked, ... }: locked.name) (attrValues served)
    ++ map (image: image.locked.name) (filter (image: image.locked != null) (attrValues images))
    ++ k3sNames;

  check = import ./module/assertions.nix {
    inherit
      cfg
      config
      images
      k3sNames
      lib
      loads
      locks
      ;
  };

  unlockedMessage = import ./module/unlocked.nix {
    inherit lib locks system;
    inherit (cfg) lockFile;
    used = used;
  };
in
{
  imports = [ ./module/options.nix ];

  inherit (overrides) options;

  config = mkMerge [
    { assertions = check; }

    (mkIf (cfg.lockFile != null) {
      assertions = optional cfg.onlyLocked {
        assertion = unlocked == [ ];
        message = unlockedMessage (
          map (
            { name, container }:
            {
              inherit name;
              inherit (container) image;
            }
          ) unlocked
        );
      };

      systemd.services = import ./module/load-units.nix {
        inherit
          cfg
          isInPlace
          lib
          loads
          pkgs
          requestOf
          served
          ;
        inherit (locks) retag;
        podman = config.virtualisation.podman.package;
        inherit (config.users) users;
      };
    })

    (mkIf (loads.inPlace != [ ]) (
      import ./module/zero-copy.nix {
        inherit config lib;
        inherit (functions) podmanStoreOf;
        inherit (locks) retag;
        images = loads.inPlace;
        others = filter ({ engine, user, ... }: engine == "podman" && user != "root") (
          attrValues loads.byUnit
        );
      }
    ))

    (mkIf cfg.prune {
      systemd.services = import ./module/prune.nix {
        inherit lib loads;
        programs =
          lib.optionalAttrs config.virtualisation.docker.enable {
            docker = config.virtualisation.docker.package;
          }
          // lib.optionalAttrs config.virtualisation.podman.enable {
            podman = config.virtualisation.podman.package;
          };
        units = map ({ container, ... }: "${container.serviceName}.service") (attrValues served);
      };
    })

    (mkIf (k3sNames != [ ]) (import ./module/k3s.nix { inherit lib locks; } k3sNames))

    (mkIf (cfg.credentialsFile != null) {
      # The builder reads the credentials at this path; see docs/private-registries.md.
      # The file is optional: without it, images of public registries still build.
      nix.settings.extra-sandbox-paths = [
        "/etc/nix-docker-credentials.txt=${toString cfg.credentialsFile}?"
      ];
      systemd.tmpfiles.rules = [ "z ${toString cfg.credentialsFile} 0440 root nixbld - -" ];
    })
  ];
}
