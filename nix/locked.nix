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
    any
    attrNames
    attrValues
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

  inherit (import ./names.nix) familiarName loadedTag splitReference;
  inherit (import ./reference.nix) fullName parse;

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

  digestOf = descriptor: descriptor.digest;

  describe =
    name:
    let
      fact = facts.${name};
    in
    {
      inherit name;
      # By system.
      platforms = images.${name};
      # The references to this image: its own, and `as`.
      references = [
        {
          name = familiarName "hocker" fact.registry fact.repository fact.imageName;
          tag = loadedTag fact.tag;
        }
      ]
      ++ (if fact ? as then [ (splitReference fact.as) ] else [ ]);
      digests =
        (if fact ? index then [ (digestOf fact.index) ] else [ ])
        ++ map (platform: digestOf platform.manifest) (attrValues fact.platforms);
    };

  described = map describe (attrNames images);

  # As in engines, the tag does not count if there is a digest.
  isMeantBy =
    wanted: description:
    any (
      reference:
      reference.name == wanted.name
      && (
        if wanted.digest == null then
          reference.tag == wanted.tag
        else
          elem wanted.digest description.digests
      )
    ) description.references;

  meant =
    written:
    let
      wanted = parse written;
    in
    if wanted == null then [ ] else filter (isMeantBy wanted) described;

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
