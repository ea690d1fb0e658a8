# The files of docs/with-other-tools.md in `folder`, and what compose2nix writes, evaluated on stubs of NixOS,
# home-manager, arion and quadlet-nix. Each attribute is true.
{ folder }:
let
  inherit (builtins) all attrValues elem filter;

  system = builtins.currentSystem;
  lib = import ./nixpkgs/lib.nix;

  holds = config: all (one: one.assertion) config.assertions;

  nixos =
    modules:
    (import ./nixpkgs/nixos.nix {
      inherit system;
      modules = [
        ../module.nix
        {
          options.virtualisation.quadlet.containers = lib.mkOption {
            type = lib.types.attrsOf lib.types.anything;
            default = { };
          };
          config.virtualisation.podman.enable = true; # as quadlet-nix does
        }
      ]
      ++ modules;
    }).config;

  # What arion reads of an image that it loads: src/nix/modules/composition/images.nix.
  arion =
    let
      pkgs = import (folder + "/arion-pkgs.nix");
      service =
        (import (folder + "/arion-compose.nix") {
          inherit pkgs;
          lib.mkForce = image: image;
        }).services.web;
      inherit (service.build) image;
    in
    service.image.nixBuild
    && image.isExe
    && "${image.imageName}:${image.imageTag}" == "redis:8"
    && image.type == "derivation";

  quadlet =
    let
      config = nixos [ (folder + "/quadlet.nix") ];
      container = config.virtualisation.quadlet.containers.web;
    in
    holds config
    && container.unitConfig.Requires == container.unitConfig.After
    && all (
      unit: elem unit (map (name: "${name}.service") (builtins.attrNames config.systemd.services))
    ) container.unitConfig.Requires;

  # Options that only what compose2nix writes sets.
  composeOptions =
    let
      anything = lib.mkOption {
        type = lib.types.anything;
        default = { };
      };
      names = lib.mkOption {
        type = lib.types.listOf lib.types.str;
        default = [ ];
      };
    in
    {
      options = {
        virtualisation.podman = {
          autoPrune = anything;
          dockerCompat = anything;
        };
        virtualisation.oci-containers.containers = lib.mkOption {
          type = lib.types.attrsOf (lib.types.submodule { options.log-driver = anything; });
        };
        networking.firewall.interfaces = anything;
        networking.nftables = anything;
        systemd.targets = anything;
        systemd.services = lib.mkOption {
          type = lib.types.attrsOf (lib.types.submodule { options.partOf = names; });
        };
      };
      config.networking.nftables.enable = false;
    };

  compose =
    let
      config = nixos [
        composeOptions
        (folder + "/host.nix")
      ];
      containers = config.virtualisation.oci-containers.containers;
      requires = unit: name: elem "${unit}.service" config.systemd.services.${name}.requires;
    in
    holds config
    && all (container: container.pull == "never") (attrValues containers)
    && containers.shop-base.image == "docker.io/library/debian:bookworm"
    && requires "hocker-load-web" "podman-shop-web"
    && requires "hocker-load-debian" "podman-shop-base";

  k3s =
    let
      config = nixos [ (folder + "/cluster.nix") ];
    in
    holds config
    && map (image: builtins.match "docker-image-redis_8-[0-9a-f]{12}.tar" image.name != null) config.services.k3s.images == [ true ]
    && filter (rule: builtins.match "f .*/images/.cache.json .*" rule != null) config.systemd.tmpfiles.rules != [ ];

  home =
    let
      inherit
        (import ./nixpkgs/home.nix {
          inherit system;
          modules = [
            ../home-module.nix
            (folder + "/home.nix")
          ];
        })
        config
        ;
      web = config.services.podman.containers.web;
    in
    holds config
    && elem "hocker-load-web.service" web.extraConfig.Unit.Requires
    && web.extraConfig.Container.Pull == "never";
in
{
  inherit
    arion
    compose
    quadlet
    k3s
    home
    ;
}
