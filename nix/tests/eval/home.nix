# Cases for home-module.nix, on stubs of nixpkgs' lib and of home-manager.
let
  inherit (builtins)
    attrNames
    concatStringsSep
    filter
    genList
    length
    map
    split
    ;

  digits = digit: concatStringsSep "" (genList (i: digit) 64);

  fake =
    name:
    derivation {
      inherit name;
      system = "x86_64-linux";
      builder = "/none";
    };

  home =
    module:
    (import ../nixpkgs/home.nix {
      system = "x86_64-linux";
      modules = [
        ../../home-module.nix
        {
          services.podman.package = fake "podman";
          virtualisation.hocker = {
            lockFile = ./locks/hocker.lock.json;
            package = fake "hocker";
          };
        }
        module
      ];
    }).config;

  messages = module: map (one: one.message) (filter (one: !one.assertion) (home module).assertions);

  containers = config: config.services.podman.containers;
  units = config: config.systemd.user.services;
in
{
  "home: a served container keeps its own settings" = {
    expr =
      (containers (home {
        services.podman.containers.c = {
          image = "docker.io/nginx:1.29";
          extraConfig = {
            Container.Pull = "always";
            Container.User = 1000;
            Unit.After = "other.service";
          };
        };
      })).c;
    expected = {
      image = "docker.io/library/nginx:1.29";
      extraConfig = {
        Container = {
          Pull = "never";
          User = 1000;
        };
        Quadlet.DefaultDependencies = false;
        Unit = {
          After = [
            "other.service"
            "hocker-load-web.service"
          ];
          Requires = [ "hocker-load-web.service" ];
          X-Hocker-Image = "docker.io/library/nginx:1.29@sha256:${digits "a"}";
        };
      };
    };
  };
  "home: exceptions and containers with image quadlets are left alone" = {
    expr =
      let
        config = home {
          services.podman.containers = {
            built.image = "app.build";
            pulled.image = "app.image";
            rootfs.image = "/nix/store/rootfs";
            other.image = "alpine:3";
          };
          virtualisation.hocker.exceptions = [ "other" ];
        };
      in
      {
        images = builtins.mapAttrs (name: one: one.image) (containers config);
        sections = builtins.mapAttrs (name: one: one.extraConfig) (containers config);
        units = attrNames (units config);
        failed = filter (one: !one.assertion) config.assertions;
      };
    expected = {
      images = {
        built = "app.build";
        pulled = "app.image";
        rootfs = "/nix/store/rootfs";
        other = "alpine:3";
      };
      sections = {
        built = { };
        pulled = { };
        rootfs = { };
        other = { };
      };
      units = [ ];
      failed = [ ];
    };
  };
  "home: each image has one unit, with all tags" = {
    expr =
      let
        config = home {
          services.podman.containers = {
            a.image = "nginx:1.29";
            b.image = "nginx@sha256:${digits "b"}";
          };
          virtualisation.hocker.images = {
            web.tags = [ "registry.internal/web:production" ];
            cache = { };
          };
        };
        words = unit: length (filter builtins.isString (split " " unit.Service.ExecStart));
      in
      builtins.mapAttrs (name: unit: {
        words = words unit;
        install = unit.Install or null;
      }) (units config);
    expected = {
      # hocker load --engine podman, and the images
      hocker-load-web = {
        words = 6;
        install.WantedBy = [ "default.target" ];
      };
      hocker-load-cache = {
        words = 5;
        install.WantedBy = [ "default.target" ];
      };
    };
  };
  "home: messages" = {
    expr = map messages [
      { services.podman.containers.web.image = "nginx:1.30"; }
      {
        services.podman.containers.web.image = "nginx:1.30";
        virtualisation.hocker.onlyLocked = false;
      }
      { virtualisation.hocker.images.none = { }; }
      { virtualisation.hocker.exceptions = [ "none" ]; }
      {
        services.podman.containers.a.image = "nginx:1.29";
        virtualisation.hocker.images.web.image = "redis:8";
      }
      { virtualisation.hocker.podman.zeroCopy = true; }
    ];
    expected = [
      [
        ''
          virtualisation.hocker: hocker.lock.json does not lock the image of this container:
            web: nginx:1.30
          To lock it, run:
            hocker lock add web=nginx:1.30
          To let a container pull its image, name it in virtualisation.hocker.exceptions.''
      ]
      [ ]
      [
        "virtualisation.hocker.images.none: hocker.lock.json has no image none for this system. Set `image` if it has another name there, or lock it with `hocker lock add none=…`."
      ]
      [ "virtualisation.hocker.exceptions: there is no container none." ]
      [
        "virtualisation.hocker: hocker-load-web.service cannot load both docker.io/library/nginx:1.29 and docker.io/library/redis:8. Rename the image in virtualisation.hocker.images."
      ]
      [
        "virtualisation.hocker.podman.zeroCopy: podman mounts the layers of these images, which only root may do. Set it in the configuration of NixOS, whose containers root's podman runs, or leave it off, so that the images are loaded."
      ]
    ];
  };
}
