# Assertions about the options of the home-manager module. module/unlocked.nix has the
# one about images that are not locked.
{
  lib,
  cfg,
  # services.podman.containers
  containers,
  # virtualisation.hocker.images, each with `locked`, the image found for it.
  images,
  # The images that each unit loads.
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
      message = "virtualisation.hocker: ${unit}.service cannot load both ${concatStringsSep " and " references}. Rename the image in virtualisation.hocker.images.";
    };

  names = attrNames containers;

  knownException = name: {
    assertion = containers ? ${name};
    message = "virtualisation.hocker.exceptions: there is no container ${name}${
      lib.optionalString (names != [ ]) ", only ${concatStringsSep ", " names}"
    }.";
  };

  rootful = {
    assertion = !cfg.podman.zeroCopy;
    message = "virtualisation.hocker.podman.zeroCopy: podman mounts the layers of these images, which only root may do. Set it in the configuration of NixOS, whose containers root's podman runs, or leave it off, so that the images are loaded.";
  };
in
[ rootful ]
++ lib.mapAttrsToList found images
++ lib.mapAttrsToList oneTarget loads
++ map knownException cfg.exceptions
