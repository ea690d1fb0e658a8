# EROFS files, which Linux mounts in place.
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
      throw "fetchdocker: erofsCompression needs mkfs.erofs: pass erofsUtils = pkgs.erofs-utils (1.7 or newer) to fetchdocker.nix, or use the overlay"
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
rec {
  # The attributes that the builders of EROFS files need.
  attributes = compression: {
    compression = checked compression;
    mkfs = if checked compression == null then null else mkfs;
  };

  # A folder with layer.erofs and layer.json. It depends only on the layer and the
  # compression, with its mkfs.erofs, so images that share a layer share it, too.
  makeLayer =
    compression: maxUnpacked: layer:
    let
      # Nix has verified this digest; see fileOf in image.nix.
      digest = if layer ? outputHash then layer.digest or null else null;
    in
    derivation (
      {
        name = if digest == null then "erofs-layer" else "erofs-layer-${substring 7 (-1) digest}";
        inherit system builder digest;
        args = [
          "build"
          "erofs-layer"
        ];
        layer = "${layer}";
        preferLocalBuild = true;
      }
      // attributes compression
      // (if maxUnpacked == null then { } else { inherit maxUnpacked; })
    );
}
