# What the options of the home-manager module must agree on, beside what
# module/unlocked.nix says.
{
  lib,
  cfg,
  # services.podman.containers
  containers,
  # virtualisation.hocker.images, each with its `locked`.
  images,
  # What each unit has to load.
  loads,
}:
let
  inherit (builtins) attrNames concatStringsSep;

  file = baseNameOf (toString cfg.lockFile);

  found =
    name:
    { image, locked, ... }:
    {
      assertion = locked != null;
      message =
        if image == null then
          "virtualisation.hocker.images.${name}: ${file} has no image ${name} for this system. Set `image` if it has another name there, or lock it with `hocker lock add ${name}=…`."
        else
          "virtualisation.hocker.images.${name}: ${file} does not lock ${image} for this system. Lock it with `hocker lock add ${image}`.";
    };

  oneTarget =
    unit: requests:
    let
      references = lib.unique (map ({ image, ... }: image.reference) requests);
    in
    {
      assertion = builtins.length references == 1;
      message = "virtualisation.hocker: ${unit}.service would have to load ${concatStringsSep " and " references}. Give the image in virtualisation.hocker.images another name.";
    };

  names = attrNames containers;

  knownException = name: {
    assertion = containers ? ${name};
    message = "virtualisation.hocker.exceptions: there is no container ${name}${
      lib.optionalString (names != [ ]) ", only ${concatStringsSep ", " names}"
    }.";
  };
in
lib.mapAttrsToList found images
++ lib.mapAttrsToList oneTarget loads
++ map knownException cfg.exceptions
