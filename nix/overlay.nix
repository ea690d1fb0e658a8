# Adds hocker and its fetch functions to nixpkgs.
final: prev:
let
  functions = import ./fetchdocker.nix {
    # Fetches run on the build platform, and their outputs do not depend on it.
    # compositeImage.sh runs on the host platform.
    hocker = final.buildPackages.hocker;
    hostHocker = final.hocker;
    system = final.stdenv.buildPlatform.system;
    hostSystem = final.stdenv.hostPlatform.system;
    mirrors = final.hockerMirrors;
    erofsUtils = final.buildPackages.erofs-utils;
  };
in
{
  hocker = final.callPackage ./package.nix { };

  # Mirrors; see `mirrors` in fetchdocker.nix. Other overlays may set them.
  hockerMirrors = prev.hockerMirrors or [ ];

  inherit (functions)
    fetchDockerConfig
    fetchDockerLayer
    fetchDockerManifest
    fetchdocker
    fetchdockerLock
    podmanStoreOf
    ;
}
