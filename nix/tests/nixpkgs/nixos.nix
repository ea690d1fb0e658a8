# Stands in for nixpkgs' lib.nixosSystem in tests without a network: its system
# is a folder with the units of virtualisation.oci-containers, which do what
# those of NixOS do with podman. It has no more options than are named below, and
# no types: an option that it does not have is an error, as in NixOS.
{ modules }:
let
  inherit (builtins)
    attrValues
    concatStringsSep
    foldl'
    isAttrs
    isFunction
    isList
    mapAttrs
    ;

  load =
    module:
    let
      loaded = if isAttrs module then module else import module;
    in
    if isFunction loaded then loaded { inherit pkgs; } else loaded;

  # What two modules define, as one.
  merge =
    a: b:
    if isList a && isList b then
      a ++ b
    else if isAttrs a && isAttrs b then
      a // mapAttrs (name: value: if a ? ${name} then merge a.${name} value else value) b
    else
      throw "the stub of NixOS: an option is defined twice";

  defined = foldl' merge { } (map load modules);

  pkgs = import ./. {
    system = defined.nixpkgs.hostPlatform;
    inherit (defined.nixpkgs) overlays;
  };

  unit =
    name:
    {
      image,
      imageStream,
      pull,
      ports,
    }:
    let
      preStart = pkgs.writeScript "pre-start" ''
        podman rm -f ${name} || true
        ${imageStream} | podman load
      '';
      start = pkgs.writeScript "podman-${name}-start" ''
        exec podman run --name=${name} ${
          concatStringsSep " " (map (port: "-p ${port}") ports)
        } --pull ${pull} ${image}
      '';
    in
    ''
      cat >"$out/etc/systemd/system/podman-${name}.service" <<END
      [Service]
      ExecStartPre=${preStart}
      ExecStart=${start}
      END
    '';

  # NixOS wants a file system and a boot loader as well.
  toplevel =
    {
      boot,
      fileSystems,
      networking,
      nixpkgs,
      system,
      virtualisation,
    }:
    pkgs.runCommand "nixos-system-${networking.hostName}" { } ''
      test -n "${boot.loader.grub.device}" -a -n "${fileSystems."/".device}" -a -n "${system.stateVersion}"
      mkdir -p "$out/etc/systemd/system"
      ${concatStringsSep "\n" (attrValues (mapAttrs unit virtualisation.oci-containers.containers))}
    '';
in
{
  config.system.build.toplevel = toplevel defined;
}
