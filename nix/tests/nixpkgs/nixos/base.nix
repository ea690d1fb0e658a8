# Options of every NixOS system.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (builtins) concatStringsSep filter map;
  inherit (lib) mkOption types;

  required = type: mkOption { inherit type; };
  list = mkOption {
    type = types.listOf types.anything;
    default = [ ];
  };

  inherit (config) systemd;

  failed = filter (assertion: !assertion.assertion) config.assertions;

  checked =
    result:
    if failed == [ ] then
      result
    else
      throw "\nFailed assertions:\n${
        concatStringsSep "\n" (map (assertion: "- ${assertion.message}") failed)
      }";
in
{
  options = {
    assertions = list;

    boot.loader.grub.device = required types.str;
    fileSystems = required (types.attrsOf types.anything);
    networking.hostName = required types.str;

    nix.settings.extra-sandbox-paths = list;

    nixpkgs = {
      hostPlatform = required types.str;
      overlays = list;
    };

    system.build.toplevel = required types.package;
    system.stateVersion = required types.str;
  };

  # NixOS requires a file system and a boot loader.
  config.system.build.toplevel = checked (
    pkgs.runCommand "nixos-system-${config.networking.hostName}"
      {
        tmpfiles = concatStringsSep "\n" systemd.tmpfiles.rules;
      }
      ''
        test -n "${config.boot.loader.grub.device}" -a -n "${config.fileSystems."/".device}" -a -n "${config.system.stateVersion}"
        mkdir -p "$out/etc/tmpfiles.d"
        ln -s ${systemd.files} "$out/etc/systemd"
        printf '%s\n' "$tmpfiles" >"$out/etc/tmpfiles.d/00-nixos.conf"
      ''
  );
}
