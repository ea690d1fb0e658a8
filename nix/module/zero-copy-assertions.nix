# What has to be true before podman may run images where they lie.
{
  config,
  lib,
  # The additional image store.
  store,
  # As in loads.nix.
  others,
}:
let
  inherit (builtins) elem map toJSON;

  option = "virtualisation.hocker.podman.zeroCopy";

  versionOf =
    package:
    let
      version = lib.getVersion package;
    in
    if version == "" then "of an unknown version" else version;

  # The first versions that know file systems as layers. Earlier ones list the image, and
  # run it without any file.
  engine =
    {
      name,
      package,
      since,
    }:
    {
      assertion = lib.versionAtLeast (lib.getVersion package) since;
      message = "${option}: ${name} ${versionOf package} would run these images with an empty file system. Use ${name} ${since} or newer, or leave zeroCopy off, so that the images are loaded.";
    };

  podman = engine {
    name = "podman";
    inherit (config.virtualisation.podman) package;
    since = "5";
  };

  crio = lib.optional config.virtualisation.cri-o.enable (engine {
    name = "CRI-O";
    inherit (config.virtualisation.cri-o) package;
    since = "1.30";
  });

  inherit (config.boot.kernelPackages) kernel;

  linux = lib.optional config.boot.kernel.enable {
    assertion = lib.versionAtLeast kernel.version "6.12";
    message = "${option}: Linux ${kernel.version} cannot mount a file of the Nix store, which Linux 6.12 and newer can. Set boot.kernelPackages, or leave zeroCopy off, so that the images are loaded.";
  };

  # Of a user who is not root, newer podmans take images and layers from the store, too,
  # and cannot mount them.
  rootful =
    { locked, user, ... }:
    {
      assertion = false;
      message = "${option}: a container that ${user} runs has the image ${locked.reference}, and podman mounts layers in the Nix store for root only. Leave podman.user out, or leave zeroCopy off, so that the images are loaded.";
    };

  settings = config.virtualisation.containers.storage.settings.storage;
  setting = "virtualisation.containers.storage.settings.storage";

  driver = {
    assertion = settings.driver == "overlay";
    message = "${option}: ${setting}.driver is ${toJSON settings.driver}, and podman finds images in an additional store of its own driver only. Set it to \"overlay\", or leave zeroCopy off, so that the images are loaded.";
  };

  # Linux mounts the layers, and a program such as fuse-overlayfs refuses to join them.
  program = settings.options.overlay.mount_program or settings.options.mount_program or "";

  mount = {
    assertion = program == "";
    message = "${option}: ${setting}.options has the mount_program ${toJSON program}, which cannot mount these images. Leave it out, or leave zeroCopy off, so that the images are loaded.";
  };

  mountopt = settings.options.overlay.mountopt or "";

  metacopy = {
    assertion = builtins.match "(.*,)?metacopy=on(,.*)?" mountopt != null;
    message = "${option}: ${setting}.options.overlay.mountopt is ${toJSON mountopt}, without metacopy=on: podman would build other images from these wrongly. Add \"metacopy=on\" to it, after a comma.";
  };

  stores = settings.options.additionalimagestores or [ ];

  named = {
    assertion = elem store stores;
    message = "${option}: ${setting}.options.additionalimagestores is set to ${toJSON stores}, without the store with the images. Do not use lib.mkForce: definitions of a list are joined.";
  };
in
[
  podman
  driver
  mount
  metacopy
  named
]
++ crio
++ linux
++ map rootful others
