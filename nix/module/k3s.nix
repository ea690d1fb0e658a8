# Images for services.k3s.images.
{ lib, locks }:
names:
let
  # k3s takes an archive with a known name, size and time for one that it has
  # imported. All times in the store are the same, and sizes of different archives can
  # be: the name has to tell them apart.
  archive =
    name:
    let
      inherit (locks.locked.${name}) image;
      digits = builtins.substring 7 12 image.config.digest;
    in
    image.archive // {
      name = "${lib.removeSuffix ".tar" image.archive.name}-${digits}.tar";
    };
in
{
  services.k3s.images = map archive (builtins.filter (name: locks.locked ? ${name}) names);

  # In this file, if it exists, k3s remembers what it has imported, and does not
  # import it again when it starts: https://docs.k3s.io/import-images.
  systemd.tmpfiles.rules = [ "f /var/lib/rancher/k3s/agent/images/.cache.json 0644 root root - -" ];
}
