# Stands in for nixpkgs' lib.nixosSystem in tests without a network: its system is a
# folder with the units of systemd.services. It has no more options than nixos/
# declares.
{
  modules,
  system ? null,
  specialArgs ? { },
}:
let
  lib = import ./lib.nix;

  evaluated = lib.evalModules {
    modules = [
      ./nixos/base.nix
      ./nixos/engines.nix
      ./nixos/oci-containers.nix
      ./nixos/systemd.nix
      { nixpkgs = lib.optionalAttrs (system != null) { hostPlatform = lib.mkDefault system; }; }
    ]
    ++ modules;
    specialArgs = specialArgs // {
      inherit lib pkgs;
    };
  };

  inherit (evaluated) config;

  pkgs = import ./. {
    system = config.nixpkgs.hostPlatform;
    inherit (config.nixpkgs) overlays;
  };
in
evaluated
