# What podman, CRI-O and others read in /etc/containers, as far as images concern them.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkIf mkOption types;

  inherit (config) virtualisation;
  cfg = virtualisation.containers;

  set = type: default: mkOption { inherit type default; };
in
{
  options.virtualisation.containers = {
    enable = set types.bool false;
    # In NixOS the whole file is one option, of any keys.
    storage.settings.storage = {
      driver = set types.str "overlay";
      graphroot = set types.str "/var/lib/containers/storage";
      runroot = set types.str "/run/containers/storage";
      options = {
        additionalimagestores = set (types.listOf types.str) [ ];
        overlay = set (types.attrsOf types.str) { };
      };
    };
  };

  config = {
    virtualisation.containers.enable = mkIf (
      virtualisation.podman.enable || virtualisation.cri-o.enable
    ) true;

    environment.etc = mkIf cfg.enable {
      "containers/storage.conf".source =
        (pkgs.formats.toml { }).generate "storage.conf" cfg.storage.settings;
    };
  };
}
