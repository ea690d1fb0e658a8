# fetchdockerLock: the images of a lock file, which `hocker lock` keeps.
#
#   (fetchdockerLock ./hocker.lock.json).debian
#
# Evaluation builds nothing and makes no requests. The content of the file is
# checked like the arguments of the fetch functions; the builds verify its digests.
{
  fetchDockerConfig,
  fetchDockerLayer,
  fetchDockerManifest,
  fetchdocker,
  # Path of the hocker binary that the update scripts run.
  hostBinary,
  # The system to select images for.
  system,
}:
let
  inherit (builtins)
    attrNames
    attrValues
    concatMap
    concatStringsSep
    elem
    filter
    fromJSON
    head
    isAttrs
    isInt
    isList
    isString
    listToAttrs
    map
    mapAttrs
    match
    readFile
    seq
    stringLength
    substring
    toJSON
    ;

  # The supported versions of the format. Version 2 added `as`, version 3 `signedBy`
  # and `noVerify`, version 4 `follow`, `locked` and `sources`.
  oldest = 1;
  newest = 4;

  # On macOS, containers run in a Linux VM.
  linux =
    system:
    let
      darwin = match "(.*)-darwin" system;
    in
    if darwin == null then system else "${head darwin}-linux";

  platformsOf = import ./platforms.nix;
  originalPath = import ./original-path.nix;

  # The set patterns below reject unknown keys.
  digestOf =
    where:
    {
      digest,
      mediaType ? "",
      size,
    }:
    # hocker never writes another notation.
    if isString digest && match "sha256:[0-9a-f]{64}" digest != null then
      digest
    else
      throw "fetchdockerLock: ${where} has the digest ${toJSON digest}, expected \"sha256:\" and 64 hexadecimal digits: let `hocker lock update` write it";

  # The repository of each layer: that of the first image of its registry which has it. So
  # images that share a layer share its derivation. Nix makes derivations of one path one
  # after the other, and some versions look only every five seconds whether it is there.
  repositoriesOf =
    images:
    let
      attrsIn = value: if isAttrs value then attrValues value else [ ];
      listIn = value: if isList value then value else [ ];
      layersOf =
        image: concatMap (platform: listIn (platform.layers or [ ])) (attrsIn (image.platforms or { }));
      repositoriesIn =
        image:
        map (layer: {
          name = layerKey (image.registry or "") (layer.digest or "");
          value = {
            inherit (image) repository imageName;
          };
        }) (layersOf image);
    in
    listToAttrs (concatMap repositoriesIn (attrsIn images));
  # What is malformed has an error of its own where it is used.
  layerKey = registry: digest: if isString digest then "${toJSON registry} ${digest}" else "";

  # An image for one system. `options` are arguments of fetchdocker for all images.
  imageOf =
    options: repositories: where: system:
    {
      registry,
      repository,
      imageName,
      tag,
      platforms,
      # The name to load the image under, if not its own.
      as ? null,
      index ? null,
      allPlatforms ? false,
      pinned ? false,
      # The tags that `hocker lock update` chooses from.
      follow ? null,
      # The files that name the image.
      sources ? [ ],
      # The tag and the digest that the platforms belong to.
      locked ? null,
      # Who vouched for the image when it was locked. `hocker lock` verifies signatures,
      # a build does not.
      signedBy ? null,
      noVerify ? false,
    }:
    {
      config,
      layers,
      manifest,
      platform,
    }:
    let
      checkedPlatform =
        if match (platformsOf.${system} or "") platform != null then
          platform
        else
          throw "fetchdockerLock: ${where} is an image for ${platform}, which does not run on ${system}: add it again with `hocker lock add`";
      named = {
        inherit registry repository imageName;
        tag = tagOf where tag locked (
          map (digestOf where) ((if index == null then [ ] else [ index ]) ++ [ manifest ])
        );
      };
      hashOf = blob: { sha256 = digestOf where blob; };
      sized = blob: hashOf blob // { inherit (blob) size; };
    in
    fetchdocker (
      named
      // {
        name = imageName;
        imageConfig = fetchDockerConfig (named // sized config);
        imageLayers = map (
          layer:
          fetchDockerLayer (
            { inherit registry; }
            // repositories.${layerKey registry (layer.digest or "")}
            // sized layer
          )
        ) layers;
        imageManifest = fetchDockerManifest (named // hashOf manifest);
        imageDigest = seq checkedPlatform (digestOf where manifest);
      }
      // options
      // (if as == null then { } else { image = as; })
      // (
        if index == null then
          {
            # Without an index, only the config has the platform. With one, the index
            # decides: engines run an image whose config differs, and `hocker lock`
            # has warned about it.
            platform = checkedPlatform;
          }
        else
          { }
      )
    );

  # A bot can change a tag or a digest alone. `locked` is null in files of version 3 and
  # older.
  tagOf =
    where: tag: locked: digests:
    if
      if match "sha256:.*" tag == null then
        locked == null || locked == "${tag}@${head digests}"
      else
        elem tag digests
    then
      tag
    else
      throw "fetchdockerLock: ${where}: its tag or digest was changed without the rest: run `hocker lock update`";

  # What maintainers/scripts/update.nix of nixpkgs runs.
  withUpdateScript =
    path: name: image:
    let
      updateScript = [
        hostBinary
        "lock"
        "update"
        "--file"
        (originalPath path)
        name
      ];
    in
    image
    // {
      inherit updateScript;
      passthru = (image.passthru or { }) // {
        inherit updateScript;
      };
    };

  forThis =
    file: name: images:
    let
      wanted = linux system;
    in
    images.${wanted}
      or (throw "fetchdockerLock: ${file}: ${name} is not locked for ${wanted}, only for ${concatStringsSep ", " (attrNames images)}: add it again with `hocker lock add --platform`, or use one of platforms.${name}");

  # Images by the spellings of their references, and a function that takes any spelling.
  byReference =
    file: images: forThese:
    let
      inherit (import ./find.nix) keyOf keysOf spellingsOf;
      inherit (import ./reference.nix) parse;
      names = attrNames images;
      isHere = name: images.${name}.platforms ? ${linux system};
      # The first one counts.
      sorted = filter isHere names ++ filter (name: !isHere name) names;
      index =
        spell:
        listToAttrs (
          concatMap (
            name:
            map (text: {
              name = text;
              value = name;
            }) (spell images.${name})
          ) sorted
        );
      byKey = index keysOf;
      # The keys of other tags of the repository.
      siblings =
        written:
        let
          length = stringLength (parse written).name + 1;
        in
        filter (key: substring 0 length key == "${(parse written).name}:") (attrNames byKey);
      find =
        written:
        let
          key = keyOf written;
          others = siblings written;
        in
        if key == null then
          throw "fetchdockerLock: ${file}: byReference: ${toJSON written} is not a reference"
        else if byKey ? ${key} then
          forThese.${byKey.${key}}
        else
          throw "fetchdockerLock: ${file}: ${written} is not locked${
            if others == [ ] then "" else ", only ${concatStringsSep ", " others}"
          }: add it with `hocker lock add ${written}`";
    in
    mapAttrs (written: name: forThese.${name}) (index spellingsOf) // { __functor = self: find; };

  imagesOf =
    {
      # A lock file.
      lockFile,
      # As in fetchdocker.
      erofsCompression ? null,
      maxUnpacked ? null,
    }:
    let
      path = toString lockFile;
      options = {
        inherit erofsCompression;
      }
      // (if maxUnpacked == null then { } else { inherit maxUnpacked; });
      content = fromJSON (readFile lockFile);
      version = content.version or null;
      checked =
        if !isInt version then
          throw "fetchdockerLock: ${path} is not a hocker lock file: missing version"
        else if version > newest then
          throw "fetchdockerLock: ${path} has version ${toString version}, written by a newer hocker; this one supports up to version ${toString newest}: update hocker"
        else if version < oldest then
          throw "fetchdockerLock: ${path} has version ${toString version}, expected ${toString oldest} to ${toString newest}"
        else
          content;
      repositories = repositoriesOf checked.images;
      platforms = mapAttrs (
        name: image:
        mapAttrs (
          system: locked:
        withUpdateScript path name (
          imageOf options repositories "${path}: ${name} for ${system}" system image locked
        )
        ) image.platforms
      ) checked.images;
      forThese = mapAttrs (forThis path) platforms;
    in
    # The images for this system by name and by reference, and those for all locked
    # systems as `platforms.<name>.<system>`.
    forThese
    // {
      inherit platforms;
      byReference = byReference path checked.images forThese;
    };
in
argument:
imagesOf (
  if isAttrs argument && argument ? lockFile then argument else { lockFile = argument; }
)
