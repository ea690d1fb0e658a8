# The units of containers, as far as they concern images.
{ config, lib, ... }:
let
  inherit (builtins) concatStringsSep map;
  inherit (lib) mkIf mkOption types;

  cfg = config.virtualisation.oci-containers;

  set = type: default: mkOption { inherit type default; };

  container =
    { name, ... }:
    {
      options = {
        image = mkOption { type = types.str; };
        imageFile = set (types.nullOr types.package) null;
        imageStream = set (types.nullOr types.package) null;
        pull = set (types.enum [
          "always"
          "missing"
          "never"
          "newer"
        ]) "missing";
        ports = set (types.listOf types.str) [ ];
        volumes = set (types.listOf types.str) [ ];
        cmd = set (types.listOf types.str) [ ];
        extraOptions = set (types.listOf types.str) [ ];
        environment = set (types.attrsOf types.str) { };
        dependsOn = set (types.listOf types.str) [ ];
        serviceName = set types.str "${cfg.backend}-${name}";
        podman.user = set types.str "root";
      };
    };

  unit =
    name: container:
    let
      online = lib.optional (
        container.imageFile == null && container.imageStream == null
      ) "network-online.target";
      others = map (other: "${cfg.containers.${other}.serviceName}.service") container.dependsOn;
    in
    lib.nameValuePair container.serviceName {
      wantedBy = [ "multi-user.target" ];
      wants = online;
      requires = others;
      after = online ++ others ++ lib.optional (cfg.backend == "docker") "docker.service";
      path = [ config.virtualisation.${cfg.backend}.package ];
      script = concatStringsSep " " (
        [ "exec ${cfg.backend} run --rm --name=${name}" ]
        ++ map (port: "-p ${port}") container.ports
        ++ [ "--pull ${container.pull}" ]
        ++ container.extraOptions
        ++ [ container.image ]
        ++ container.cmd
      );
      preStart = concatStringsSep "\n" (
        lib.optional (container.imageFile != null) "${cfg.backend} load -i ${container.imageFile}"
        ++ lib.optional (container.imageStream != null) "${container.imageStream} | ${cfg.backend} load"
      );
      serviceConfig = {
        Restart = "always";
        User = container.podman.user;
      };
    };
in
{
  options.virtualisation.oci-containers = {
    backend = set (types.enum [
      "podman"
      "docker"
    ]) "podman";
    containers = set (types.attrsOf (types.submodule container)) { };
  };

  config = mkIf (cfg.containers != { }) {
    systemd.services = lib.mapAttrs' unit cfg.containers;
    virtualisation.docker = mkIf (cfg.backend == "docker") { enable = true; };
    virtualisation.podman = mkIf (cfg.backend == "podman") { enable = true; };
  };
}
