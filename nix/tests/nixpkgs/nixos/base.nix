# Options of every NixOS system.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (builtins)
    attrNames
    concatStringsSep
    filter
    map
    ;
  inherit (lib) mkOption types;

  required = type: mkOption { inherit type; };
  list = mkOption {
    type = types.listOf types.anything;
    default = [ ];
  };

  user.options = {
    home = mkOption {
      type = types.str;
      default = "/var/empty";
    };
    linger = mkOption {
      type = types.bool;
      default = false;
    };
    uid = mkOption {
      type = types.nullOr types.int;
      default = null;
    };
  };

  inherit (config) environment systemd;

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

    boot = {
      loader.grub.device = required types.str;
      kernel.enable = mkOption {
        type = types.bool;
        default = true;
      };
      # Sorted, and each once.
      kernelModules = mkOption {
        type = types.listOf types.str;
        default = [ ];
        apply = modules: attrNames (lib.genAttrs modules (name: true));
      };
      kernelPackages = mkOption {
        type = types.anything;
        default.kernel = {
          version = "6.12.40";
          features = { };
        };
      };
    };

    environment.etc = mkOption {
      type = types.attrsOf types.anything;
      default = { };
    };
    fileSystems = required (types.attrsOf types.anything);
    lib.kernelConfig = mkOption { type = types.anything; };
    networking.hostName = required types.str;

    nix.settings.extra-sandbox-paths = list;

    nixpkgs = {
      hostPlatform = required types.str;
      overlays = list;
    };

    system.build.toplevel = required types.package;
    system.requiredKernelConfig = list;
    system.stateVersion = required types.str;

    users.users = mkOption {
      type = types.attrsOf (types.submodule user);
      default = { };
    };
  };

  config.users.users.root.uid = 0;

  config.lib.kernelConfig.isEnabled = option: {
    assertion = kernel: kernel.isEnabled option;
    message = "CONFIG_${option} is not enabled!";
  };

  config.assertions =
    let
      inherit (config.boot.kernelPackages) kernel;
    in
    map
      (required: {
        assertion = required.assertion kernel.config;
        inherit (required) message;
      })
      (
        lib.optionals (
          config.boot.kernel.enable && !(kernel ? features)
        ) config.system.requiredKernelConfig
      );

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
        ${concatStringsSep "\n" (
          lib.mapAttrsToList (name: file: ''
            mkdir -p "$(dirname "$out/etc/${name}")"
            ln -s ${file.source} "$out/etc/${name}"
          '') environment.etc
        )}
        printf '%s\n' "$tmpfiles" >"$out/etc/tmpfiles.d/00-nixos.conf"
      ''
  );
}
