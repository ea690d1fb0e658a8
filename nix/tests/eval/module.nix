# Cases for module.nix, on stubs of nixpkgs' lib and of NixOS.
let
  inherit (builtins)
    attrNames
    concatStringsSep
    filter
    map
    mapAttrs
    substring
    ;

  inherit (import ./digest.nix) otherHex;

  # A digest in the lock file: one digit, repeated.
  digits = digit: concatStringsSep "" (builtins.genList (i: digit) 64);

  lockFile = ./locks/hocker.lock.json;

  nixos =
    module:
    (import ../nixpkgs/nixos.nix {
      system = "x86_64-linux";
      modules = [
        ../../module.nix
        {
          virtualisation.hocker = {
            inherit lockFile;
            package = derivation {
              name = "hocker";
              system = "x86_64-linux";
              builder = "/none";
            };
          };
        }
        module
      ];
    }).config;

  with' = images: { virtualisation.oci-containers.containers = mapAttrs (name: image: { inherit image; }) images; };

  messages =
    module: map (one: one.message) (filter (one: !one.assertion) (nixos module).assertions);

  noSecret =
    file:
    "virtualisation.hocker.credentialsFile = ${file}: expected the absolute path of a file on this machine, in quotes and outside the Nix store, which everybody can read: \"/run/secrets/registry\".";

  containers = config: config.virtualisation.oci-containers.containers;
  services = config: config.systemd.services;

  loadUnits = config: filter (name: substring 0 12 name == "hocker-load-") (attrNames (services config));

  lib = import ../nixpkgs/lib.nix;
in
{
  "any spelling of an image is served" = {
    expr =
      map
        (image: {
          inherit
            ((containers (nixos {
              virtualisation.oci-containers.containers.c = {
                inherit image;
                pull = "always";
              };
            })).c
            )
            image
            pull
            ;
        })
        [
          "nginx:1.29"
          "docker.io/nginx:1.29"
          "docker.io/library/nginx:1.29"
          "nginx@sha256:${digits "a"}"
          "nginx:latest@sha256:${digits "b"}"
          "debian:bookworm"
          "registry.internal/base:1"
          "ghcr.io/org/app@sha256:${digits "e"}"
        ];
    expected =
      map
        (image: {
          inherit image;
          pull = "never";
        })
        [
          "docker.io/library/nginx:1.29"
          "docker.io/library/nginx:1.29"
          "docker.io/library/nginx:1.29"
          "docker.io/library/nginx:1.29"
          "docker.io/library/nginx:1.29"
          "registry.internal/base:1"
          "registry.internal/base:1"
          "ghcr.io/org/app:${digits "e"}"
        ];
  };
  "an image that is not locked is not served" = {
    expr =
      map
        (image: {
          inherit ((containers (nixos (with' { c = image; }))).c) image pull;
        })
        [
          "nginx"
          "nginx:1.30"
          "nginx:1.29@sha256:${otherHex}"
          "quay.io/library/nginx:1.29"
          "alpine:3"
        ];
    expected =
      map
        (image: {
          inherit image;
          pull = "missing";
        })
        [
          "nginx"
          "nginx:1.30"
          "nginx:1.29@sha256:${otherHex}"
          "quay.io/library/nginx:1.29"
          "alpine:3"
        ];
  };
  "containers with the same image share a unit, which starts first" = {
    expr =
      let
        config = nixos {
          virtualisation.oci-containers.containers = {
            a.image = "nginx:1.29";
            b = {
              image = "docker.io/nginx:1.29";
              dependsOn = [ "a" ];
            };
          };
        };
        unit = name: { inherit ((services config).${name}) requires after wants; };
      in
      {
        loads = loadUnits config;
        a = unit "podman-a";
        b = unit "podman-b";
        triggers = (services config).podman-a.restartTriggers;
      };
    expected = {
      loads = [ "hocker-load-web" ];
      a = {
        requires = [ "hocker-load-web.service" ];
        after = [ "hocker-load-web.service" ];
        wants = [ ];
      };
      b = {
        requires = [
          "podman-a.service"
          "hocker-load-web.service"
        ];
        after = [
          "podman-a.service"
          "hocker-load-web.service"
        ];
        wants = [ ];
      };
      triggers = [ "docker.io/library/nginx:1.29@sha256:${digits "a"}" ];
    };
  };
  "images that share a layer are loaded one after the other" = {
    expr =
      let
        config = nixos {
          imports = [
            (with' {
              a = "nginx:1.29";
              b = "redis:8";
              c = "alpine:3.20";
            })
          ];
          virtualisation.hocker.images.renamed.engine = "docker";
          virtualisation.hocker.images.digest = { };
        };
      in
      lib.genAttrs (loadUnits config) (name: (services config).${name}.after);
    expected = {
      hocker-load-cache = [ ];
      hocker-load-digest = [ "hocker-load-cache.service" ];
      hocker-load-renamed = [
        "docker.socket"
        "docker.service"
      ];
      # An image that shares no layer.
      hocker-load-web = [ ];
    };
  };
  "another module can make a served container wait for the network" = {
    expr =
      let
        config = nixos {
          imports = [ (with' { c = "nginx:1.29"; }) ];
          systemd.services.podman-c.wants = [ "network-online.target" ];
        };
      in
      (services config).podman-c.wants;
    expected = [ "network-online.target" ];
  };
  "a container with imageFile or imageStream is left alone" = {
    expr =
      let
        config = nixos {
          virtualisation.oci-containers.containers.c = {
            image = "nginx:1.29";
            imageFile = derivation {
              name = "archive";
              system = "x86_64-linux";
              builder = "/none";
            };
          };
          virtualisation.oci-containers.containers.d = {
            image = "made-here:1";
            imageStream = derivation {
              name = "stream";
              system = "x86_64-linux";
              builder = "/none";
            };
          };
        };
      in
      {
        inherit ((containers config).c) image pull;
        loads = loadUnits config;
        failed = filter (one: !one.assertion) config.assertions;
      };
    expected = {
      image = "nginx:1.29";
      pull = "missing";
      loads = [ ];
      failed = [ ];
    };
  };
  "without a lock file nothing changes" = {
    expr =
      let
        config = nixos {
          imports = [ (with' { c = "nginx:1.30"; }) ];
          virtualisation.hocker.lockFile = lib.mkForce null;
        };
      in
      {
        units = attrNames (services config);
        inherit ((services config).podman-c) wants;
        failed = filter (one: !one.assertion) config.assertions;
      };
    expected = {
      units = [ "podman-c" ];
      wants = [ "network-online.target" ];
      failed = [ ];
    };
  };

  # Messages
  "one command locks all missing images" = {
    expr = messages (with' {
      a = "quay.io/org/app:1";
      b = "nginx:1.29";
      "c.d" = "redis:7";
      e = "quay.io/org/app:1";
    });
    expected = [
      ''
        virtualisation.hocker: hocker.lock.json does not lock the images of these containers:
          a: quay.io/org/app:1
          c.d: redis:7
          e: quay.io/org/app:1
        To lock them, run:
          hocker lock add --platform linux/amd64 a=quay.io/org/app:1 cache=redis:7
        To let a container pull its image, name it in virtualisation.hocker.exceptions.''
    ];
  };
  "a new tag replaces the old one and keeps its platforms" = {
    expr = messages (with' { web = "nginx:1.30"; });
    expected = [
      ''
        virtualisation.hocker: hocker.lock.json does not lock the image of this container:
          web: nginx:1.30
        To lock it, run:
          hocker lock add web=nginx:1.30
        To let a container pull its image, name it in virtualisation.hocker.exceptions.''
    ];
  };
  "an image in use is not replaced" = {
    expr = messages (with' {
      a = "redis:8";
      b = "redis:7";
    });
    expected = [
      ''
        virtualisation.hocker: hocker.lock.json does not lock the image of this container:
          b: redis:7
        To lock it, run:
          hocker lock add --platform linux/amd64 b=redis:7
        To let a container pull its image, name it in virtualisation.hocker.exceptions.''
    ];
  };
  "an image for another system does not count" = {
    expr = messages (with' { a = "alpine:3"; });
    expected = [
      ''
        virtualisation.hocker: hocker.lock.json does not lock the image of this container:
          a: alpine:3 (only for aarch64-linux)
        To lock it, run:
          hocker lock add --platform linux/amd64 a=alpine:3
        To let a container pull its image, name it in virtualisation.hocker.exceptions.''
    ];
  };
  "the lock file need not exist" = {
    expr = messages {
      imports = [ (with' { a = "alpine:3"; }) ];
      virtualisation.hocker.lockFile = lib.mkForce ./images.json;
    };
    expected = [
      ''
        virtualisation.hocker: images.json does not exist (or git does not track it). It must lock the image of this container:
          a: alpine:3
        To lock it, run:
          hocker lock add --file images.json --platform linux/amd64 a=alpine:3
        To let a container pull its image, name it in virtualisation.hocker.exceptions.''
    ];
  };
  "exceptions pull" = {
    expr = {
      failed = messages {
        imports = [ (with' { a = "alpine:3"; }) ];
        virtualisation.hocker.exceptions = [ "a" ];
      };
      all = messages {
        imports = [ (with' { a = "alpine:3"; }) ];
        virtualisation.hocker.onlyLocked = false;
      };
      unknown = messages {
        imports = [ (with' { a = "nginx:1.29"; }) ];
        virtualisation.hocker.exceptions = [ "b" ];
      };
    };
    expected = {
      failed = [ ];
      all = [ ];
      unknown = [ "virtualisation.hocker.exceptions: there is no container b, only a." ];
    };
  };
  "conflicting options fail" = {
    expr =
      map
        (
          hocker:
          messages {
            virtualisation = {
              inherit hocker;
              podman.enable = true;
              oci-containers.containers.a.image = "nginx:1.29";
            };
          }
        )
        [
          { images.web = { }; }
          { images.none = { }; }
          { images.job.image = "job:1"; }
          {
            images.job = {
              image = "redis:8";
              engine = "containerd";
            };
          }
          {
            images.web.image = "redis:8";
          }
          { k3s.images = [ "none" ]; }
          {
            lockFile = lib.mkForce null;
            images.web = { };
            k3s.images = "all";
          }
          { credentialsFile = ./module.nix; }
          { credentialsFile = "${builtins.storeDir}/secret"; }
          { credentialsFile = "secret"; }
          { credentialsFile = "/run/secrets/registry"; }
        ];
    expected = [
      [ ]
      [
        "virtualisation.hocker.images.none: hocker.lock.json has no image none for this system. Set `image` if it has another name there, or lock it with `hocker lock add none=…`."
      ]
      [
        "virtualisation.hocker.images.job: hocker.lock.json does not lock job:1 for this system. Lock it with `hocker lock add job:1`."
      ]
      [
        "virtualisation.hocker.images.job: the image is for containerd, which is not enabled. Set virtualisation.containerd.enable, or choose another `engine`."
      ]
      [
        "virtualisation.hocker: hocker-load-web.service cannot load both docker.io/library/nginx:1.29 into podman and docker.io/library/redis:8 into podman. Rename web in virtualisation.hocker.images."
      ]
      [
        "virtualisation.hocker.k3s.images: hocker.lock.json has no image none for this system. Lock it with `hocker lock add none=…`."
      ]
      [
        "virtualisation.hocker.images names images, but there is no lock file to find them in: set virtualisation.hocker.lockFile."
      ]
      [ (noSecret (toString ./module.nix)) ]
      [ (noSecret "${builtins.storeDir}/secret") ]
      [ (noSecret "secret") ]
      [ ]
    ];
  };

  # Other engines
  "images without a container" = {
    expr =
      let
        config = nixos {
          virtualisation.hocker.images = {
            web.tags = [ "registry.internal/web:production" ];
            job = {
              image = "redis:8";
              engine = "k3s";
            };
          };
          imports = [ (with' { c = "nginx:1.29"; }) ];
        };
        unit = name: {
          inherit ((services config).${name}) wantedBy requires;
          images = builtins.length (
            filter (word: builtins.isString word && lib.hasPrefix builtins.storeDir word) (
              builtins.split " " (services config).${name}.serviceConfig.ExecStart
            )
          );
        };
      in
      lib.genAttrs (loadUnits config) unit;
    expected = {
      hocker-load-web = {
        wantedBy = [ "multi-user.target" ];
        requires = [ ];
        # hocker, the image, and the image under its tag
        images = 3;
      };
      hocker-load-job = {
        wantedBy = [ "multi-user.target" ];
        requires = [ "k3s.service" ];
        images = 2;
      };
    };
  };
  "a container of another user has its own images" = {
    expr =
      let
        config = nixos {
          virtualisation.oci-containers.containers = {
            a.image = "nginx:1.29";
            b = {
              image = "nginx:1.29";
              podman.user = "alice";
            };
          };
          users.users.alice = {
            uid = 1000;
            linger = true;
          };
        };
        load = (services config).hocker-load-web-alice;
      in
      {
        loads = loadUnits config;
        b = { inherit ((services config).podman-b) requires after wants; };
        load = {
          inherit (load) after unitConfig;
          inherit (load.serviceConfig) User;
        };
        root = (services config).hocker-load-web.unitConfig;
      };
    expected = {
      loads = [
        "hocker-load-web"
        "hocker-load-web-alice"
      ];
      b = {
        requires = [ "hocker-load-web-alice.service" ];
        after = [
          "linger-users.service"
          "hocker-load-web-alice.service"
        ];
        wants = [ "linger-users.service" ];
      };
      load = {
        after = [
          "linger-users.service"
          "user@1000.service"
        ];
        unitConfig = {
          StartLimitIntervalSec = 0;
          RequiresMountsFor = "/run/user/1000/containers";
        };
        User = "alice";
      };
      root.StartLimitIntervalSec = 0;
    };
  };
  "a container of another user keeps what else its unit requires" = {
    expr =
      let
        config = nixos {
          virtualisation.oci-containers.containers.a = {
            image = "nginx:1.29";
            podman = {
              user = "alice";
              sdnotify = "healthy";
            };
          };
          users.users.alice.uid = 1000;
        };
      in
      {
        inherit ((services config).podman-a) requires after unitConfig;
      };
    expected = {
      requires = [
        "user@1000.service"
        "hocker-load-web-alice.service"
      ];
      after = [
        "user@1000.service"
        "hocker-load-web-alice.service"
      ];
      unitConfig.RequiresMountsFor = "/run/user/1000/containers";
    };
  };
  "a user may have no known uid" = {
    expr =
      let
        config = nixos {
          virtualisation.oci-containers.containers.a = {
            image = "nginx:1.29";
            podman.user = "alice";
          };
          users.users.alice = { };
        };
      in
      {
        inherit ((services config).hocker-load-web-alice) after unitConfig;
      };
    expected = {
      after = [ "linger-users.service" ];
      unitConfig.StartLimitIntervalSec = 0;
    };
  };
  "with Docker a container has no options of podman" = {
    expr =
      let
        config = nixos {
          imports = [ (with' { c = "nginx:1.29"; }) ];
          virtualisation.oci-containers.backend = "docker";
        };
        unit = (services config).docker-c;
      in
      {
        inherit ((containers config).c) podman pull;
        inherit (unit) requires after wants;
        failed = messages {
          imports = [ (with' { c = "nginx:1.29"; }) ];
          virtualisation.oci-containers.backend = "docker";
        };
      };
    expected = {
      podman = null;
      pull = "never";
      requires = [ "hocker-load-web.service" ];
      after = [
        "docker.service"
        "docker.socket"
        "hocker-load-web.service"
      ];
      wants = [ ];
      failed = [ ];
    };
  };
  "k3s imports an archive again only when it has changed" = {
    expr =
      let
        config = nixos { virtualisation.hocker.k3s.images = "all"; };
      in
      {
        names = map (image: image.name) config.services.k3s.images;
        inherit (config.systemd.tmpfiles) rules;
      };
    expected = {
      names = [
        "docker-image-redis_8-222222222222.tar"
        "docker-image-ghcr.io_org_app_${digits "e"}-444444444444.tar"
        "docker-image-registry.internal_base_1-333333333333.tar"
        "docker-image-nginx_1.29-111111111111.tar"
      ];
      rules = [ "f /var/lib/rancher/k3s/agent/images/.cache.json 0644 root root - -" ];
    };
  };

  # The rest
  "credentials are in the sandbox" = {
    expr =
      let
        config = nixos { virtualisation.hocker.credentialsFile = "/run/secrets/registry"; };
      in
      {
        inherit (config.nix.settings) extra-sandbox-paths;
        inherit (config.systemd.tmpfiles) rules;
      };
    expected = {
      extra-sandbox-paths = [ "/etc/nix-docker-credentials.txt=/run/secrets/registry?" ];
      rules = [ "z /run/secrets/registry 0440 root nixbld - -" ];
    };
  };
  "prune runs after all users of images" = {
    expr =
      let
        config = nixos {
          imports = [ (with' { c = "nginx:1.29"; }) ];
          virtualisation.hocker.prune = true;
        };
      in
      (services config).hocker-prune.after;
    expected = [
      "hocker-load-web.service"
      "podman-c.service"
    ];
  };
  "two images cannot have the same reference" = {
    expr = messages {
      virtualisation.hocker.lockFile = lib.mkForce ./locks/twice/hocker.lock.json;
      virtualisation.podman.enable = true;
      virtualisation.hocker.images = {
        new = { };
        old = { };
      };
    };
    expected = [
      "virtualisation.hocker: hocker.lock.json has several images that are loaded as docker.io/library/nginx:1.29: new, old. Lock one of them with `hocker lock add --as NAME:TAG`."
    ];
  };
}
