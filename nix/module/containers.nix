# What the lock file changes in virtualisation.oci-containers.containers and in their
# units. The options are declared a second time, with `apply`, which changes the merged
# definitions of all modules. A definition that depended on the containers would be an
# infinite recursion.
{
  config,
  lib,
  # As in locked.nix.
  find,
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
        # The engine has an image under its tag alone, even if the reference has a
        # digest.
        image = mkOption {
          apply =
            written:
            let
              found = find written;
            in
            if found == null || config.imageFile != null || config.imageStream != null then
              written
            else
              found.reference;
        };
        pull = mkOption {
          apply = policy: if served config == null then policy else "never";
        };
      };
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
  inherit served;

  options = {
    virtualisation.oci-containers.containers = mkOption {
      type = types.attrsOf (types.submodule container);
    };
    systemd.services = mkOption {
      type = types.attrsOf (types.submodule unit);
    };
  };
}
