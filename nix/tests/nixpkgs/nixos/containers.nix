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
    # The whole file is one option, of any keys.
    storage.settings = mkOption { type = (pkgs.formats.toml { }).type; };
  };

  config = lib.mkMerge [
    {
      virtualisation.containers.enable = mkIf (
        virtualisation.podman.enable || virtualisation.cri-o.enable
      ) true;
    }

    (mkIf cfg.enable {
      virtualisation.containers.storage.settings.storage = {
        driver = lib.mkDefault "overlay";
        graphroot = lib.mkDefault "/var/lib/containers/storage";
        runroot = lib.mkDefault "/run/containers/storage";
      };

      environment.etc."containers/storage.conf".source =
        (pkgs.formats.toml { }).generate "storage.conf" cfg.storage.settings;
    })
  ];
}
