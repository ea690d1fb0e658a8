# The containers of this host. Their images are part of the system.
{ pkgs, ... }:
let
  images = {
    # Used until the lock file has it.
    nginx = pkgs.callPackage ./not-locked.nix { reference = "nginx:1.28"; };
  }
  // pkgs.fetchdockerLock ./hocker.lock.json;
in
{
  virtualisation.oci-containers.containers.web = {
    inherit (images.nginx) image;
    # The unit loads it from the store into podman when it starts.
    imageStream = images.nginx.stream;
    # Fail instead of asking a registry.
    pull = "never";
    ports = [ "127.0.0.1:8080:80" ];
  };
}
