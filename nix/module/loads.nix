# The images to load, by the names of their units:
# { locked, engine, user, tags, wanted }.
#
# `locked` is an image as in locked.nix, and `wanted` says whether the unit starts with
# the system, and not only with the containers that need it.
{
  lib,
  # The containers that get their image from the store, by name: { container, locked }.
  served,
  backend,
  # virtualisation.hocker.images, each with `locked`, the image found for it.
  images,
}:
let
  inherit (builtins) attrValues concatMap;

  unitOf = { locked, user, ... }: locked.name + lib.optionalString (user != "root") "-${user}";

  ofContainers = map (
    { container, locked }:
    {
      inherit locked;
      engine = backend;
      # podman may run a container as another user, who has images of their own.
      user = if backend == "podman" then container.podman.user or "root" else "root";
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

  merge = requests: (builtins.head requests) // {
    tags = concatMap (request: request.tags) requests;
    wanted = builtins.any (request: request.wanted) requests;
    # More than one is an error.
    targets = lib.unique (map (request: "${request.locked.reference} into ${request.engine}") requests);
  };
in
{
  inherit unitOf;

  byUnit = lib.mapAttrs (name: merge) (builtins.groupBy unitOf (ofContainers ++ ofImages));
}
