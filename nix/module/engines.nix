# How `hocker load` reaches each engine, and what has to run before.
{
  docker = {
    flags = [ "--host unix:///run/docker.sock" ];
    socket = "/run/docker.sock";
    # The daemon starts when somebody connects.
    requires = [ "docker.socket" ];
    after = [
      "docker.socket"
      "docker.service"
    ];
  };

  # The program, not the service: it works on the files of the user who runs it.
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
