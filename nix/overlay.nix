# Adds hocker and its fetch functions to a package set, and touches nothing else.
final: prev:
let
  functions = import ./fetchdocker.nix {
    # A fetch runs where things are built, and its result is the same on every
    # platform; compositeImage.sh runs where the package set's programs do.
    hocker = final.buildPackages.hocker;
    hostHocker = final.hocker;
    system = final.stdenv.buildPlatform.system;
    hostSystem = final.stdenv.hostPlatform.system;
    mirrors = final.hockerMirrors;
  };
in
{
  hocker = final.callPackage ./package.nix { };

  # Registries that are asked first: see `mirrors` in fetchdocker.nix. Another
  # overlay may set them.
  hockerMirrors = prev.hockerMirrors or [ ];

  inherit (functions)
    fetchDockerConfig
    fetchDockerLayer
    fetchDockerManifest
    fetchdocker
    fetchdockerLock
    ;
}
