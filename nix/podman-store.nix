# Additional image stores of podman: folders from which it runs images without loading
# them.
{
  # Path of the hocker binary that builds.
  builder,
  # As in fetchdocker.nix.
  system,
}:
let
  inherit (builtins)
    isList
    map
    toJSON
    typeOf
    ;
in
rec {
  # A store with the images, given as the folders of their shape erofs. The folders are
  # passed as a file because Linux limits an environment variable to 128 KiB.
  make =
    name: folders:
    derivation {
      inherit name system builder;
      args = [
        "build"
        "podman-store"
      ];
      passAsFile = [ "images" ];
      images = toJSON (map (folder: "${folder}") folders);
      preferLocalBuild = true;
    };

  # podmanStoreOf: see fetchdocker.nix.
  podmanStoreOf =
    images:
    if isList images then
      make "podman-store" (
        map (
          image:
          image.erofs
            or (throw "podmanStoreOf: expected images of fetchdocker or fetchdockerLock, but one, of type ${typeOf image}, has no shape erofs")
        ) images
      )
    else
      throw "podmanStoreOf: expected a list of images, but the argument is of type ${typeOf images}";
}
