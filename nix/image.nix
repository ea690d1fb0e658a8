# An image: a folder with what puts its archive together.
{
  # The path of the hocker binary that builds.
  builder,
  # The path of the one that compositeImage.sh runs.
  hostBinary,
  # As in fetchdocker.nix.
  system,
}:
let
  inherit (builtins) map match seq toJSON;

  inherit (import ./hash.nix) toHex;
  inherit (import ./names.nix) familiarName isUnset;

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
}:
let
  reference =
    if isUnset image then
      familiarName "fetchdocker" registry repository imageName tag
    else
      image;
  manifestDigest = if imageManifest == null then null else imageManifest.digest or null;
  digest =
    if isUnset imageDigest then
      manifestDigest
    else if manifestDigest == null || manifestDigest == "sha256:${toHex "fetchdocker: imageDigest" imageDigest}" then
      imageDigest
    else
      throw "fetchdocker: imageDigest = ${toJSON imageDigest} is another manifest than imageManifest, which is ${manifestDigest}, expected the same digest twice: leave imageDigest out, or run docker2nix again";
in
derivation {
  inherit name system builder;
  args = [
    "build"
    "image"
  ];
  hocker = hostBinary;
  # A file, since an environment variable ends at 128 KiB.
  passAsFile = [ "spec" ];
  spec = toJSON {
    # Where `image` is given, its errors are the builder's to tell.
    reference = if isUnset image && match ".*@.*" reference != null then "" else reference;
    config = fileOf imageConfig;
    layers = map fileOf imageLayers;
    manifest = if imageManifest == null then null else seq digest (fileOf imageManifest);
  };
  # Two small files, made at once from files that have to be here anyhow.
  # Substitutes stay allowed: they serve a machine of another system.
  preferLocalBuild = true;
}
// {
  inherit imageName;
  image = reference;
  imageTag = tag;
  # Null where the expression does not say it.
  imageDigest = digest;
  layers = imageLayers;
  config = imageConfig;
}
