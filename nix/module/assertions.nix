# Assertions about the options. unlocked.nix has the one about images that are not
# locked.
{
  config,
  lib,
  cfg,
  locks,
  loads,
  # virtualisation.hocker.images, each with `locked`, the image found for it.
  images,
  # The names in virtualisation.hocker.k3s.images.
  k3sNames,
}:
let
  inherit (builtins)
    attrNames
    attrValues
    concatMap
    concatStringsSep
    elem
    filter
    groupBy
    head
    isString
    length
    map
    ;

  file = if cfg.lockFile == null then "the lock file" else baseNameOf (toString cfg.lockFile);

  needsLockFile = option: used: {
    assertion = used -> cfg.lockFile != null;
    message = "virtualisation.hocker.${option} names images, but there is no lock file to find them in: set virtualisation.hocker.lockFile.";
  };

  found =
    name:
    { image, locked, ... }:
    {
      assertion = cfg.lockFile == null || locked != null;
      message =
        if image == null then
          "virtualisation.hocker.images.${name}: ${file} has no image ${name} for this system. Set `image` if it has another name there, or lock it with `hocker lock add ${name}=…`."
        else
          "virtualisation.hocker.images.${name}: ${file} does not lock ${image} for this system. Lock it with `hocker lock add ${image}`.";
    };

  foundForK3s = name: {
    assertion = cfg.lockFile == null || locks.locked ? ${name};
    message = "virtualisation.hocker.k3s.images: ${file} has no image ${name} for this system. Lock it with `hocker lock add ${name}=…`.";
  };

  engineIsThere =
    name:
    { engine, ... }:
    let
      option = if engine == "k3s" then "services.k3s" else "virtualisation.${engine}";
    in
    {
      assertion = (if engine == "k3s" then config.services.k3s else config.virtualisation.${engine}).enable;
      message = "virtualisation.hocker.images.${name}: the image is for ${engine}, which is not enabled. Set ${option}.enable, or choose another `engine`.";
    };

  oneTarget =
    name:
    { targets, ... }:
    {
      assertion = length targets == 1;
      message = "virtualisation.hocker: hocker-load-${name}.service cannot load both ${concatStringsSep " and " targets}. Rename ${name} in virtualisation.hocker.images.";
    };

  # An engine has only one image under a reference.
  oneImage =
    let
      ofReference = groupBy ({ engine, user, locked, ... }: "${locked.reference} in ${engine} of ${user}") (
        attrValues loads.byUnit ++ loads.inPlace
      );
      images = map ({ locked, ... }: toString locked.image.imageDigest);
    in
    lib.mapAttrsToList (reference: same: {
      assertion = length (lib.unique (images same)) == 1;
      message = "virtualisation.hocker: ${file} has several images that are loaded as ${(head same).locked.reference}: ${
        concatStringsSep ", " (map ({ locked, ... }: locked.name) same)
      }. Lock one of them with `hocker lock add --as NAME:TAG`.";
    }) ofReference;

  names = attrNames config.virtualisation.oci-containers.containers;

  knownException = name: {
    assertion = config.virtualisation.oci-containers.containers ? ${name};
    message = "virtualisation.hocker.exceptions: there is no container ${name}${
      lib.optionalString (names != [ ]) ", only ${concatStringsSep ", " names}"
    }.";
  };

  credentialsFile = toString cfg.credentialsFile;
in
[
  (needsLockFile "images" (cfg.images != { }))
  (needsLockFile "k3s.images" (k3sNames != [ ]))
  {
    assertion =
      cfg.credentialsFile == null
      || isString cfg.credentialsFile
      && lib.hasPrefix "/" credentialsFile
      && !(lib.hasPrefix "${builtins.storeDir}/" credentialsFile);
    message = "virtualisation.hocker.credentialsFile = ${credentialsFile}: expected the absolute path of a file on this machine, in quotes and outside the Nix store, which everybody can read: \"/run/secrets/registry\".";
  }
]
++ lib.mapAttrsToList found images
++ map foundForK3s k3sNames
++ lib.mapAttrsToList engineIsThere cfg.images
++ lib.mapAttrsToList oneTarget loads.byUnit
++ oneImage
++ map knownException cfg.exceptions
