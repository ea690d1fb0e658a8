# Layers as EROFS files, which Linux mounts where they lie.
{
  # Path of the hocker binary that builds.
  builder,
  # As in fetchdocker.nix.
  system,
  erofsUtils,
}:
let
  inherit (builtins) elem substring toJSON;

  inherit (import ./names.nix) isUnset;

  mkfs =
    if erofsUtils == null then
      throw "fetchdocker: images that run from the store are made with mkfs.erofs: pass erofsUtils = pkgs.erofs-utils to fetchdocker.nix (version 1.7 or newer), or use the overlay, which does"
    else
      "${erofsUtils}/bin/mkfs.erofs";

  checked =
    compression:
    if isUnset compression then
      null
    else if
      elem compression [
        "lz4hc"
        "zstd"
      ]
    then
      compression
    else
      throw "fetchdocker: erofsCompression = ${toJSON compression}, expected null, \"lz4hc\" or \"zstd\"";
in
# A folder with layer.erofs and layer.json. It is made of the layer, the compression
# and mkfs.erofs alone: images that share a layer share it, too.
compression: layer:
let
  # Nix has verified it; see fileOf in image.nix.
  digest = if layer ? outputHash then layer.digest or null else null;
in
derivation {
  name = if digest == null then "erofs-layer" else "erofs-layer-${substring 7 (-1) digest}";
  inherit system builder digest mkfs;
  args = [
    "build"
    "erofs-layer"
  ];
  layer = "${layer}";
  compression = checked compression;
  preferLocalBuild = true;
}
