# The containers of this host. Their images come with the system.
{ pkgs, ... }:
let
  images = {
    # Until it is locked.
    nginx = pkgs.callPackage ./not-locked.nix { reference = "nginx:1.28"; };
  }
  // pkgs.fetchdockerLock ./hocker.lock.json;
in
{
  virtualisation.oci-containers.containers.web = {
    inherit (images.nginx) image;
    # Goes from the store into podman when the unit starts.
    imageStream = images.nginx.stream;
    # Fail rather than ask a registry.
    pull = "never";
    ports = [ "127.0.0.1:8080:80" ];
  };
}
