# A NixOS test. A host locks an image and builds its next configuration with it. Then
# the registry and the network go away, and the container still starts.
#
#   nix build .#checks.x86_64-linux.vm
{ pkgs, hocker }:
let
  image = pkgs.dockerTools.buildImage {
    name = "web";
    copyToRoot = [ pkgs.busybox ];
    config.Cmd = [
      "sh"
      "-c"
      "mkdir -p /www && echo 'hello from the store' >/www/index.html && exec httpd -f -p 80 -h /www"
    ];
  };

  # The host's next configuration. nixos-generate-config writes the other file.
  configuration = pkgs.writeText "configuration.nix" ''
    {
      imports = [
        ./hardware-configuration.nix
        <nixpkgs/nixos/modules/testing/test-instrumentation.nix>
        ${../.}/module.nix
      ];

      boot.loader.grub = {
        device = "/dev/vda";
        forceInstall = true;
      };
      documentation.enable = false;
      networking.hostName = "host";

      virtualisation.hocker.package = builtins.storePath "${hocker}";
      virtualisation.hocker.lockFile = ./hocker.lock.json;
      virtualisation.oci-containers.containers.web = {
        image = "registry:5000/web:1";
        ports = [ "8080:80" ];
      };
    }
  '';
in
pkgs.testers.runNixOSTest {
  name = "hocker";

  nodes.registry = {
    environment.systemPackages = [ pkgs.skopeo ];
    services.dockerRegistry = {
      enable = true;
      listenAddress = "0.0.0.0";
    };
    networking.firewall.allowedTCPPorts = [ 5000 ];
    virtualisation.diskSize = 4096;
  };

  nodes.host =
    { lib, ... }:
    {
      environment.systemPackages = [
        hocker
        pkgs.curl
      ];
      # The host builds its next configuration without a network.
      system.includeBuildDependencies = true;
      system.switch.enable = true;
      nix.settings = {
        substituters = lib.mkForce [ ];
        sandbox = true;
      };
      virtualisation = {
        cores = 2;
        memorySize = 4096;
        diskSize = 8192;
        writableStore = true;
        podman.enable = true;
      };
    };

  testScript = ''
    start_all()
    registry.wait_for_open_port(5000)
    registry.succeed("skopeo --insecure-policy copy --dest-tls-verify=false docker-archive:${image} docker://localhost:5000/web:1")

    host.wait_for_unit("multi-user.target")
    host.succeed("nixos-generate-config")
    host.copy_from_host("${configuration}", "/etc/nixos/configuration.nix")

    with subtest("an image that is not locked"):
        message = host.fail("nixos-rebuild build 2>&1")
        assert "hocker lock add --platform linux/" in message, message

    with subtest("lock and build"):
        host.succeed("cd /etc/nixos && hocker lock add --plain-http web=registry:5000/web:1")
        host.succeed("nixos-rebuild build")

    with subtest("without the registry and the network"):
        registry.shutdown()
        host.block()
        host.succeed("nixos-rebuild test")
        host.wait_for_unit("podman-web.service")
        host.wait_until_succeeds("curl --fail http://localhost:8080/ | grep 'hello from the store'")
        host.succeed("systemctl show --property Result hocker-load-web.service | grep success")
  '';
}
