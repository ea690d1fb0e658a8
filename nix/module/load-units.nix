# The units hocker-load-NAME.service, and what they change in the containers' units.
{
  lib,
  cfg,
  pkgs,
  podman,
  # users.users
  users,
  # As in locked.nix.
  retag,
  # As in containers.nix and loads.nix.
  served,
  requestOf,
  loads,
  isInPlace,
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

  # A group may use Docker's socket. Only root may use the others.
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

  # A user's podman keeps state in the folder of the user's session, whose name has the
  # uid. Like the units of that user's containers, this one waits for the folder, unless
  # NixOS chooses the uid when it starts.
  session =
    { user, ... }:
    let
      inherit (users.${user}) uid;
      known = user != "root" && uid != null;
    in
    {
      after =
        lib.optional (user != "root") "linger-users.service"
        ++ lib.optional known "user@${toString uid}.service";
      unitConfig = lib.optionalAttrs known {
        RequiresMountsFor = "/run/user/${toString uid}/containers";
      };
    };

  # Rootless podman needs setuid programs and user namespaces.
  mayDo =
    { engine, user, ... }:
    if engines.${engine}.socket != null then
      hardening.socket root engines.${engine}.socket
    else if user == "root" then
      hardening.podman
    else
      { };

  layersOf = load: map (layer: layer.digest) load.locked.image.layers;

  # The loads to wait for. If images share a layer, the first load sends it, and the
  # others find it in the engine. Names give the order, so that there is no cycle.
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
        ++ (session load).after
        ++ map (other: "hocker-load-${other}.service") (before name load);
      wantedBy = lib.optional load.wanted "multi-user.target";
      path = lib.optional (engine == "podman") podman;
      # The unit runs each time a container or the system starts, which is fast if the
      # engine has the image. It does not remain active, because somebody may remove
      # the image from the engine.
      restartIfChanged = false;
      # Many containers may share the unit, and all be restarting.
      unitConfig = {
        StartLimitIntervalSec = 0;
      }
      // (session load).unitConfig;
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
      request = requestOf container;
      load = lib.optional (
        !isInPlace request
      ) "hocker-load-${loads.unitOf (request // { inherit locked; })}.service";
    in
    lib.nameValuePair container.serviceName {
      requires = load;
      after = load;
      # The container's unit names the image by its tag. If the lock file has a new
      # image for the tag, the container must restart.
      restartTriggers = [ "${locked.reference}@${toString locked.image.imageDigest}" ];
    };
in
lib.mapAttrs' (
  name: load: lib.nameValuePair "hocker-load-${name}" (unit name load)
) loads.byUnit
// builtins.listToAttrs (map containerUnit (builtins.attrValues served))
