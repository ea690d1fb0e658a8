# A stub of home-manager: podman's containers and the user's units, as far as hocker's
# module uses them.
{ modules, system }:
let
  lib = import ./lib.nix;
  inherit (lib) mkOption types;

  pkgs = import ./. { inherit system; };

  set = type: default: mkOption { inherit type default; };

  container.options = {
    image = mkOption { type = types.str; };
    extraConfig = set (types.attrsOf (types.attrsOf types.anything)) { };
  };

  home.options = {
    assertions = set (types.listOf types.anything) [ ];
    services.podman = {
      package = set types.package (pkgs.runCommand "podman" { } ''mkdir "$out"'');
      containers = set (types.attrsOf (types.submodule container)) { };
    };
    systemd.user.services = set (types.attrsOf (types.attrsOf types.anything)) { };
  };
in
lib.evalModules {
  modules = [ home ] ++ modules;
  specialArgs = { inherit lib pkgs; };
}
