# An image: a folder with what puts its archive together; and its other shapes,
# each a derivation of its own.
{
  # The path of the hocker binary that builds.
  builder,
  # The path of the one that the scripts run.
  hostBinary,
  # As in fetchdocker.nix.
  system,
}:
let
  inherit (builtins)
    hashString
    map
    seq
    substring
    toJSON
    ;

  inherit (import ./hash.nix) toHex;
  inherit (import ./names.nix)
    familiarName
    isUnset
    loadedTag
    splitReference
    storeName
    ;

  # One file of an image, as the builder of the image is told of it. What has a
  # digest here is a fixed-output derivation of ours: Nix has seen to its bytes.
  # Any other file (a path, another fetcher's result) the builder hashes itself.
  fileOf = file: {
    path = "${file}";
    digest = if file ? outputHash then file.digest or null else null;
  };
in
# The arguments are those of fetchdocker, all of them.
{
  name,
  registry,
  repository,
  imageName,
  tag,
  imageConfig,
  imageLayers,
  imageManifest,
  imageDigest,
  image,
  platform,
  verify,
}:
let
  loaded =
    if isUnset image then
      {
        name = familiarName "fetchdocker" registry repository imageName;
        tag = loadedTag tag;
      }
    else
      splitReference image;
  reference = "${loaded.name}:${loaded.tag}";

  # For shapes of an image whose own names are too long for a store path.
  shortName = "docker-image-${substring 0 32 (hashString "sha256" reference)}";
  named = suffix: storeName "${name}${suffix}" "${shortName}${suffix}";
  manifestDigest = if imageManifest == null then null else imageManifest.digest or null;
  digest =
    if isUnset imageDigest then
      manifestDigest
    else if manifestDigest == null || manifestDigest == "sha256:${toHex "fetchdocker: imageDigest" imageDigest}" then
      imageDigest
    else
      throw "fetchdocker: imageDigest = ${toJSON imageDigest} is another manifest than imageManifest, which is ${manifestDigest}, expected the same digest twice: leave imageDigest out, or run docker2nix again";

  # Of config and layers. A file, since an environment variable ends at 128 KiB.
  madeOfParts = {
    passAsFile = [ "spec" ];
    spec = toJSON {
      # Its errors are the builder's to tell.
      inherit reference;
      config = fileOf imageConfig;
      layers = map fileOf imageLayers;
      manifest = if imageManifest == null then null else seq digest (fileOf imageManifest);
      platform = if isUnset platform then null else platform;
      inherit verify;
    };
  };

  # Of the image: what is wrong with it fails its own build, once for them all.
  madeOfImage = {
    built = main;
  };

  runsHocker = {
    hocker = hostBinary;
  };

  shape =
    kind: attributes:
    derivation (
      {
        inherit system builder;
        args = [
          "build"
          kind
        ];
        # Made from files that have to be here anyhow, and faster than an archive
        # comes over a network. Substitutes stay allowed: they serve a machine of
        # another system.
        preferLocalBuild = true;
      }
      // attributes
    )
    // facts;

  # What the rest of a configuration can use, of every shape.
  facts = {
    image = reference;
    # All of the reference but its tag, as dockerTools has it.
    imageName = loaded.name;
    imageTag = loaded.tag;
    # Null where the expression does not say it.
    imageDigest = digest;
    layers = imageLayers;
    config = imageConfig;
    manifest =
      if imageManifest == null then
        shape "manifest" (madeOfImage // { name = named "-manifest.json"; })
      else
        imageManifest;
  };

  main = shape "image" (madeOfParts // runsHocker // { name = named ""; });
in
main
// {
  # services.k3s.images link it by its name, which must be the image's alone.
  archive = shape "archive" (
    madeOfParts // { name = storeName "docker-image-${reference}.tar" (named ".tar"); }
  );

  # arion asks for isExe, as a stream of dockerTools has it.
  stream = shape "stream" (madeOfImage // runsHocker // { name = named "-stream"; }) // {
    isExe = true;
  };

  oci = shape "oci" (madeOfImage // { name = named "-oci"; });

  load = shape "load" (madeOfImage // runsHocker // { name = named "-load"; }) // {
    meta.mainProgram = "load";
  };
}
