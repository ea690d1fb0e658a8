# The engines, from the machine that runs the tests.
{ lib, pkgs, ... }:
let
  inherit (lib) mkOption types;

  enable = mkOption {
    type = types.bool;
    default = false;
  };

  engine = name: {
    inherit enable;
    package = mkOption {
      type = types.package;
      default = pkgs.runCommand name { } ''
        mkdir -p "$out/bin"
        ln -s /usr/bin/${name} "$out/bin/${name}"
      '';
    };
  };
in
{
  options = {
    virtualisation = {
      containerd.enable = enable;
      cri-o = engine "cri-o";
      docker = engine "docker";
      podman = engine "podman";
    };

    services.k3s = {
      inherit enable;
      images = mkOption {
        type = types.listOf types.package;
        default = [ ];
      };
    };
  };
}
