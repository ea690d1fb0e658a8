# What the lock file changes in virtualisation.oci-containers.containers and in their
# units. The options are declared a second time, with `apply`, which changes the merged
# definitions of all modules. A definition that depended on the containers would be an
# infinite recursion.
{
  config,
  lib,
  # As in locked.nix.
  find,
  # As in loads.nix.
  isInPlace,
}:
let
  inherit (builtins) attrValues elem listToAttrs;
  inherit (lib) mkOption types;

  # Containers with an image of their own are left alone.
  served =
    container:
    if container.imageFile == null && container.imageStream == null then
      find container.image
    else
      null;

  container =
    { config, ... }:
    {
      options = {
        # The engine has an image that was loaded under its tag alone, even if the
        # reference has a digest. An image in an additional store has its digest, too,
        # which no other image can take: of a tag, podman's own images come first.
        image = mkOption {
          apply =
            written:
            let
              found = find written;
            in
            if found == null || config.imageFile != null || config.imageStream != null then
              written
            else if isInPlace (requestOf config) then
              found.pinned
            else
              found.reference;
        };
        pull = mkOption {
          apply = policy: if served config == null then policy else "never";
        };
      };
    };

  inherit (config.virtualisation.oci-containers) backend;

  # Whose images a container uses. A container of podman may have a user, whose images
  # are separate.
  requestOf = container: {
    engine = backend;
    user = if backend == "podman" then container.podman.user or "root" else "root";
  };

  # The names of the units of served containers.
  units = listToAttrs (
    map (container: {
      name = container.serviceName;
      value = served container != null;
    }) (attrValues config.virtualisation.oci-containers.containers)
  );

  # Without imageFile or imageStream, oci-containers makes a container wait for the
  # network. This removes that entry, and keeps one that another module has added.
  withoutFirst =
    target: list:
    if list == [ ] then
      [ ]
    else if builtins.head list == target then
      builtins.tail list
    else
      [ (builtins.head list) ] ++ withoutFirst target (builtins.tail list);

  unit =
    { name, ... }:
    let
      targets = mkOption {
        apply =
          list: if units.${name} or false then withoutFirst "network-online.target" list else list;
      };
    in
    {
      options = {
        after = targets;
        wants = targets;
      };
    };
in
{
  inherit requestOf served;

  options = {
    virtualisation.oci-containers.containers = mkOption {
      type = types.attrsOf (types.submodule container);
    };
    systemd.services = mkOption {
      type = types.attrsOf (types.submodule unit);
    };
  };
}
