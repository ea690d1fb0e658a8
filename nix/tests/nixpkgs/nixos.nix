# Stands in for nixpkgs' lib.nixosSystem in tests without a network: its system is a
# folder with the units of systemd.services. It has no more options than nixos/
# declares.
{
  modules,
  system ? null,
  specialArgs ? { },
}:
let
  inherit (builtins) concatStringsSep filter map;

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

  failed = map (assertion: "- ${assertion.message}") (
    filter (assertion: !assertion.assertion) config.assertions
  );
in
evaluated
// {
  # With assertions that fail.
  unchecked = config;

  config =
    if failed == [ ] then
      config
    else
      throw "\nFailed assertions:\n${concatStringsSep "\n" failed}";
}
