# Options that the NixOS test sets.
{ lib, ... }:
let
  inherit (lib) mkOption types;

  any = mkOption {
    type = types.anything;
    default = null;
  };
in
{
  options = {
    environment.systemPackages = any;
    networking.firewall.allowedTCPPorts = any;
    nix.settings.sandbox = any;
    nix.settings.substituters = any;
    services.dockerRegistry = any;
    system.includeBuildDependencies = any;
    system.switch.enable = any;
    virtualisation.cores = any;
    virtualisation.diskSize = any;
    virtualisation.memorySize = any;
    virtualisation.writableStore = any;
  };
}
