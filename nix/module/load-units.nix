# The units hocker-load-NAME.service, and what they change of the units of
# containers.
{
  lib,
  cfg,
  pkgs,
  podman,
  # As in locked.nix.
  retag,
  # As in containers.nix and loads.nix.
  served,
  loads,
}:
let
  inherit (builtins)
    any
    attrNames
    concatStringsSep
    elem
    map
    ;

  engines = import ./engines.nix;
  hardening = import ./hardening.nix;

  root = pkgs.runCommand "hocker-load-root" { } ''
    mkdir -p "$out/dev" "$out/etc" "$out/proc" "$out/run" "$out/sys" "$out/tmp" "$out/var/tmp" "$out${builtins.storeDir}"
  '';

  # Docker's socket is for a group. The others are root's.
  asUser =
    { engine, user, ... }:
    if engine == "docker" then
      {
        DynamicUser = true;
        SupplementaryGroups = [ "docker" ];
      }
    else
      {
        User = user;
      };

  # podman as a user needs programs that are setuid, and its namespaces.
  mayDo =
    { engine, user, ... }:
    if engines.${engine}.socket != null then
      hardening.socket root engines.${engine}.socket
    else if user == "root" then
      hardening.podman
    else
      { };

  layersOf = load: map (layer: layer.digest) load.locked.image.layers;

  # The loads to wait for: of images that share a layer, one brings it, and the next
  # one finds it there. They go by name, so that none waits for itself.
  before =
    name: load:
    attrNames (
      lib.filterAttrs (
        other: theirs:
        other < name
        && theirs.engine == load.engine
        && theirs.user == load.user
        && any (layer: elem layer (layersOf theirs)) (layersOf load)
      ) loads.byUnit
    );

  unit =
    name:
    load@{
      engine,
      locked,
      tags,
      user,
      ...
    }:
    {
      description = "Load ${locked.reference} into ${engine}";
      inherit (engines.${engine}) requires;
      after =
        engines.${engine}.after
        ++ lib.optional (user != "root") "linger-users.service"
        ++ map (other: "hocker-load-${other}.service") (before name load);
      wantedBy = lib.optional load.wanted "multi-user.target";
      path = lib.optional (engine == "podman") podman;
      # It runs before a container starts, and when the system does. If the engine has
      # the image, this takes a moment. It does not stay active: somebody may remove
      # the image from the engine.
      restartIfChanged = false;
      # One unit for many containers, which may all be restarting.
      unitConfig.StartLimitIntervalSec = 0;
      serviceConfig = {
        Type = "oneshot";
        ExecStart = concatStringsSep " " (
          [ "${cfg.package}/bin/hocker load" ]
          ++ engines.${engine}.flags
          ++ map (image: "${image}") ([ locked.image ] ++ map (retag locked.image) tags)
        );
      }
      // asUser load
      // mayDo load;
    };

  containerUnit =
    { container, locked }:
    let
      load = "hocker-load-${loads.unitOf {
        inherit locked;
        user = container.podman.user or "root";
      }}.service";
    in
    lib.nameValuePair container.serviceName {
      requires = [ load ];
      after = [ load ];
      # The unit has the image's tag. If the lock file says that the tag is another
      # image now, the container has to start with it.
      restartTriggers = [ "${locked.reference}@${toString locked.image.imageDigest}" ];
    };
in
lib.mapAttrs' (
  name: load: lib.nameValuePair "hocker-load-${name}" (unit name load)
) loads.byUnit
// builtins.listToAttrs (map containerUnit (builtins.attrValues served))
