# The files of docs/with-other-tools.md in `folder`, evaluated on stubs of NixOS,
# home-manager, arion and quadlet-nix. Each attribute is true.
{ folder }:
let
  inherit (builtins) all attrValues elem filter;

  system = builtins.currentSystem;
  lib = import ./nixpkgs/lib.nix;

  holds = config: all (one: one.assertion) config.assertions;

  nixos =
    file:
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
        (folder + file)
      ];
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
      config = nixos "/quadlet.nix";
      container = config.virtualisation.quadlet.containers.web;
    in
    holds config
    && container.unitConfig.Requires == container.unitConfig.After
    && all (
      unit: elem unit (map (name: "${name}.service") (builtins.attrNames config.systemd.services))
    ) container.unitConfig.Requires;

  k3s =
    let
      config = nixos "/cluster.nix";
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
    quadlet
    k3s
    home
    ;
}
