# Finds the images of a lock file by the references in a configuration.
{
  # As in fetchdocker.nix.
  fetchdocker,
  fetchdockerLock,
  # The system that runs the images.
  system,
  # As in fetchdocker.nix.
  erofsCompression ? null,
}:
# The lock file, or null. It need not exist: then nothing is locked yet.
file:
let
  inherit (builtins)
    attrNames
    concatMap
    elem
    filter
    fromJSON
    head
    map
    pathExists
    readFile
    seq
    ;

  inherit (import ./find.nix) keyOf keysOf;
  inherit (import ./reference.nix) fullName;

  exists = file != null && pathExists file;

  # fetchdockerLock has checked the fields that are read here.
  images =
    if exists then
      (fetchdockerLock {
        lockFile = file;
        inherit erofsCompression;
      }).platforms
    else
      { };
  facts = if exists then seq images (fromJSON (readFile file)).images else { };

  describe =
    name:
    let
      fact = facts.${name};
    in
    {
      inherit name;
      # By system.
      platforms = images.${name};
      keys = keysOf fact;
    };

  described = map describe (attrNames images);

  meant =
    written:
    let
      key = keyOf written;
    in
    if key == null then [ ] else filter (description: elem key description.keys) described;

  result =
    description:
    let
      image = description.platforms.${system};
    in
    {
      inherit (description) name;
      inherit image;
      reference = "${fullName image.imageName}:${image.imageTag}";
      pinned = "${fullName image.imageName}@${image.imageDigest}";
    };
in
rec {
  # The images for this system, by name: { name, image, reference, pinned }. `image` is a
  # result of fetchdocker, `reference` the full reference it is loaded under, and
  # `pinned` the same name with the manifest's digest in place of the tag.
  locked = builtins.listToAttrs (
    map (description: {
      inherit (description) name;
      value = result description;
    }) (filter (description: description.platforms ? ${system}) described)
  );

  # The image that a reference names, as in `locked`, or null.
  find =
    written:
    let
      found = filter (description: locked ? ${description.name}) (meant written);
    in
    if found == [ ] then null else locked.${(head found).name};

  # The systems that the image a reference names is locked for.
  systemsOf = written: concatMap (description: attrNames description.platforms) (meant written);

  # An image under another reference.
  retag =
    image: reference:
    fetchdocker {
      name = "${image.imageName}-retagged";
      inherit (image) imageName imageDigest;
      tag = image.imageTag;
      imageConfig = image.config;
      imageLayers = image.layers;
      imageManifest = image.manifest;
      image = reference;
      inherit erofsCompression;
      # The build of the image itself verifies it.
      verify = false;
    };

  inherit exists;
}
