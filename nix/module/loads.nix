# The images to load, by the names of their units, and those that run where they lie in
# the store: { locked, engine, user, tags, wanted }.
#
# `locked` is an image as in locked.nix, and `wanted` says whether the unit starts with
# the system, and not only with the containers that need it.
{
  lib,
  # The containers that get their image from the store, by name: { container, locked }.
  served,
  # virtualisation.hocker.images, each with `locked`, the image found for it.
  images,
  # Whose images a container uses, as in containers.nix.
  requestOf,
  # Whether an { engine, user } runs images where they lie.
  isInPlace,
}:
let
  inherit (builtins)
    attrValues
    concatMap
    filter
    map
    ;

  unitOf = { locked, user, ... }: locked.name + lib.optionalString (user != "root") "-${user}";

  ofContainers = map (
    { container, locked }:
    requestOf container
    // {
      inherit locked;
      tags = [ ];
      wanted = false;
    }
  ) (attrValues served);

  ofImages = lib.mapAttrsToList (name: image: {
    inherit (image) engine tags;
    locked = image.locked // {
      inherit name;
    };
    user = "root";
    wanted = true;
  }) images;

  requests = ofContainers ++ ofImages;

  merge = requests: (builtins.head requests) // {
    tags = concatMap (request: request.tags) requests;
    wanted = builtins.any (request: request.wanted) requests;
    # More than one is an error.
    targets = lib.unique (map (request: "${request.locked.reference} into ${request.engine}") requests);
  };
in
{
  inherit unitOf;

  byUnit = lib.mapAttrs (name: merge) (
    builtins.groupBy unitOf (filter (request: !isInPlace request) requests)
  );

  inPlace = filter isInPlace requests;
}
