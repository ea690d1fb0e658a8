# A stub of nixpkgs' lib.nixosSystem for tests without a network. The system is a folder
# with the units of systemd.services. Only the options in nixos/ exist.
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
      ./nixos/containers.nix
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
