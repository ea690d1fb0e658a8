# A NixOS test. A host locks an image and builds its next configurations with it: one
# loads the image, the other runs it where it lies in the store. Then the registry and
# the network go away, and the container still starts.
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
  configuration =
    zeroCopy:
    pkgs.writeText "configuration.nix" ''
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
        virtualisation.hocker.podman.zeroCopy = ${builtins.toJSON zeroCopy};
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
        pkgs.erofs-utils
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
    host.copy_from_host("${configuration false}", "/etc/nixos/configuration.nix")
    answers = "curl --fail http://localhost:8080/ | grep 'hello from the store'"

    with subtest("an image that is not locked"):
        message = host.fail("nixos-rebuild build 2>&1")
        assert "hocker lock add --platform linux/" in message, message

    with subtest("lock and build"):
        host.succeed("cd /etc/nixos && hocker lock add --plain-http web=registry:5000/web:1")
        host.succeed("nixos-rebuild build")
        host.copy_from_host("${configuration true}", "/etc/nixos/zero-copy.nix")
        host.succeed("cd /root && nixos-rebuild build -I nixos-config=/etc/nixos/zero-copy.nix")

    with subtest("without the registry and the network"):
        registry.shutdown()
        host.block()
        host.succeed("nixos-rebuild test")
        host.wait_for_unit("podman-web.service")
        host.wait_until_succeeds(answers)
        host.succeed("systemctl show --property Result hocker-load-web.service | grep success")
        host.succeed("systemctl stop podman-web.service && podman image rm --all --force")

    with subtest("from the store, with nothing loaded"):
        host.succeed("nixos-rebuild test -I nixos-config=/etc/nixos/zero-copy.nix")
        host.wait_for_unit("podman-web.service")
        host.wait_until_succeeds(answers)
        host.succeed("grep additionalimagestores /etc/containers/storage.conf")
        host.succeed("podman image ls --filter readonly=true | grep registry:5000/web")
        host.fail("podman image ls --filter readonly=false | grep registry:5000/web")
        host.fail("systemctl cat hocker-load-web.service")

    with subtest("back to the configuration before"):
        host.succeed("nixos-rebuild test")
        host.wait_for_unit("podman-web.service")
        host.wait_until_succeeds(answers)
  '';
}
