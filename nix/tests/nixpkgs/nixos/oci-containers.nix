# The units of containers, as far as they concern images.
{ config, lib, ... }:
let
  inherit (builtins) attrValues concatStringsSep map;
  inherit (lib) mkIf mkOption types;

  cfg = config.virtualisation.oci-containers;

  set = type: default: mkOption { inherit type default; };

  container =
    { name, ... }:
    {
      config.podman = mkIf (cfg.backend == "podman") { };
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
        # null with Docker.
        podman = set (types.nullOr (
          types.submodule {
            options = {
              sdnotify = set (types.enum [
                "conmon"
                "healthy"
                "container"
              ]) "conmon";
              user = set types.str "root";
            };
          }
        )) null;
      };
    };

  unit =
    name: container:
    let
      online = lib.optional (
        container.imageFile == null && container.imageStream == null
      ) "network-online.target";
      others = map (other: "${cfg.containers.${other}.serviceName}.service") container.dependsOn;
      user = container.podman.user or "root";
      inherit (config.users.users.${user}) home linger uid;
      lingers = lib.optional (user != "root" && linger) "linger-users.service";
      session = lib.optional (
        user != "root" && container.podman.sdnotify == "healthy"
      ) "user@${toString uid}.service";
    in
    lib.nameValuePair container.serviceName {
      wantedBy = [ "multi-user.target" ];
      wants = online ++ lingers;
      requires = others ++ session;
      after =
        lib.optionals (cfg.backend == "docker") [
          "docker.service"
          "docker.socket"
        ]
        ++ online
        ++ others
        ++ lingers
        ++ session;
      environment = mkIf (user != "root") { HOME = home; };
      unitConfig = mkIf (user != "root") {
        RequiresMountsFor = "/run/user/${toString uid}/containers";
      };
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
      }
      // lib.optionalAttrs (cfg.backend == "podman") { User = user; };
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
    assertions = map (container: {
      assertion = cfg.backend == "docker" -> container.podman == null;
      message = "virtualisation.oci-containers.containers.${container.name}: Cannot set `podman` option if backend is `docker`.";
    }) (attrValues (lib.mapAttrs (name: container: container // { inherit name; }) cfg.containers));
    virtualisation.docker = mkIf (cfg.backend == "docker") { enable = true; };
    virtualisation.podman = mkIf (cfg.backend == "podman") { enable = true; };
  };
}
