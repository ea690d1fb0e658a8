# Images for services.k3s.images.
{ lib, locks }:
names:
let
  # k3s does not import an archive again if it knows one with the same name, size and
  # time. All files in the store have the same time, and two archives may have the same
  # size, so the names must differ.
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

  # If this file exists, k3s records its imports there, and does not repeat them when
  # it starts: https://docs.k3s.io/import-images.
  systemd.tmpfiles.rules = [ "f /var/lib/rancher/k3s/agent/images/.cache.json 0644 root root - -" ];
}
