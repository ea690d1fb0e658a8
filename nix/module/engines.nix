# How `hocker load` reaches each engine, and what has to run first.
{
  docker = {
    flags = [ "--host unix:///run/docker.sock" ];
    socket = "/run/docker.sock";
    # systemd starts the daemon when a client connects to the socket.
    requires = [ "docker.socket" ];
    after = [
      "docker.socket"
      "docker.service"
    ];
  };

  # This runs the program, not the service, on the storage of the unit's user.
  podman = {
    flags = [ "--engine podman" ];
    socket = null;
    requires = [ ];
    after = [ ];
  };

  containerd = {
    flags = [
      "--engine containerd"
      "--host unix:///run/containerd/containerd.sock"
    ];
    socket = "/run/containerd/containerd.sock";
    requires = [ "containerd.service" ];
    after = [ "containerd.service" ];
  };

  k3s = {
    flags = [
      "--engine containerd"
      "--host unix:///run/k3s/containerd/containerd.sock"
      "--namespace k8s.io"
    ];
    socket = "/run/k3s/containerd/containerd.sock";
    requires = [ "k3s.service" ];
    after = [ "k3s.service" ];
  };
}
