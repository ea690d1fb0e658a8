# Lets podman run images where they lie in the Nix store: storage.conf names an
# additional image store, which is part of the system. So the images change with the
# system, and those of an earlier system are there as long as that system is.
{
  config,
  lib,
  # As in fetchdocker.nix.
  podmanStoreOf,
  # As in locked.nix.
  retag,
  # As in loads.nix: those that run from the store, and those of podman's other users.
  images,
  others,
}:
let
  inherit (builtins) concatMap map;

  store = "${podmanStoreOf (
    lib.unique (concatMap ({ locked, tags, ... }: [ locked.image ] ++ map (retag locked.image) tags) images)
  )}";
in
{
  virtualisation.containers.storage.settings.storage.options = {
    additionalimagestores = [ store ];
    # To see what a build has changed, podman otherwise compares it with the folder of a
    # layer below, and that of these layers is empty.
    overlay.mountopt = lib.mkDefault "metacopy=on";
  };

  # A container of NixOS has no kernel of its own.
  boot.kernelModules = lib.mkIf config.boot.kernel.enable [ "erofs" ];
  # Those of nixpkgs have these. NixOS asserts it for the others.
  system.requiredKernelConfig = lib.mkIf config.boot.kernel.enable (
    map config.lib.kernelConfig.isEnabled [
      "EROFS_FS"
      "EROFS_FS_BACKED_BY_FILE"
      "EROFS_FS_XATTR"
    ]
  );

  assertions = import ./zero-copy-assertions.nix {
    inherit
      config
      lib
      others
      store
      ;
  };
}
