# The containers of this host. Their images are part of the system.
{
  virtualisation.hocker.lockFile = ./hocker.lock.json;

  virtualisation.oci-containers.containers.web = {
    image = "nginx:1.28";
    ports = [ "127.0.0.1:8080:80" ];
  };
}
