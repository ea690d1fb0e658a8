# Cases for virtualisation.hocker.podman.zeroCopy, on stubs of nixpkgs' lib and of NixOS.
let
  inherit (builtins)
    attrNames
    concatStringsSep
    filter
    length
    map
    mapAttrs
    substring
    ;

  lib = import ../nixpkgs/lib.nix;

  digits = digit: concatStringsSep "" (builtins.genList (i: digit) 64);

  fake =
    name:
    derivation {
      inherit name;
      system = "x86_64-linux";
      builder = "/none";
    };

  nixos =
    module:
    (import ../nixpkgs/nixos.nix {
      system = "x86_64-linux";
      modules = [
        ../../module.nix
        {
          virtualisation.hocker = {
            lockFile = ./locks/hocker.lock.json;
            package = fake "hocker";
            podman.zeroCopy = true;
          };
          nixpkgs.overlays = [ (final: prev: { erofs-utils = fake "erofs-utils"; }) ];
          virtualisation.podman.package = lib.mkDefault (fake "podman-5.4.2");
        }
        module
      ];
    }).config;

  with' = images: {
    virtualisation.oci-containers.containers = mapAttrs (name: image: { inherit image; }) images;
  };

  stores =
    config:
    let
      inherit (config.virtualisation) containers;
    in
    if containers.enable then
      containers.storage.settings.storage.options.additionalimagestores or [ ]
    else
      [ ];

  loadUnits =
    config:
    filter (name: substring 0 12 name == "hocker-load-") (attrNames config.systemd.services);

  failures = config: map (one: one.message) (filter (one: !one.assertion) config.assertions);

  messages = module: failures (nixos { imports = [ (with' { web = "nginx:1.29"; }) module ]; });

  required = config: map (one: one.message) config.system.requiredKernelConfig;

  kernel = version: {
    inherit version;
    features = { };
  };

  empty =
    engine: wanted:
    "virtualisation.hocker.podman.zeroCopy: ${engine} would run these images with an empty file system. Use ${wanted} or newer, or leave zeroCopy off, so that the images are loaded.";

  excluded =
    stores:
    "virtualisation.hocker.podman.zeroCopy: virtualisation.containers.storage.settings.storage.options.additionalimagestores is set to ${stores}, without the store with the images. Do not use lib.mkForce: definitions of a list are joined.";
in
{
  "zero-copy: a container runs from the store, by digest, and nothing is loaded" = {
    expr =
      let
        config = nixos (with' { a = "nginx:1.29"; });
        unit = config.systemd.services.podman-a;
      in
      {
        inherit (config.virtualisation.oci-containers.containers.a) image pull;
        loads = loadUnits config;
        stores = length (stores config);
        inherit (unit)
          requires
          after
          wants
          restartTriggers
          ;
        inherit (config.boot) kernelModules;
        required = required config;
        failed = failures config;
      };
    expected = {
      image = "docker.io/library/nginx@sha256:${digits "a"}";
      pull = "never";
      loads = [ ];
      stores = 1;
      requires = [ ];
      after = [ ];
      wants = [ ];
      restartTriggers = [ "docker.io/library/nginx:1.29@sha256:${digits "a"}" ];
      kernelModules = [ "erofs" ];
      required = [
        "CONFIG_EROFS_FS is not enabled!"
        "CONFIG_EROFS_FS_BACKED_BY_FILE is not enabled!"
        "CONFIG_EROFS_FS_XATTR is not enabled!"
      ];
      failed = [ ];
    };
  };
  "zero-copy: a pinned image keeps its name" = {
    expr = mapAttrs (name: container: container.image) (
      (nixos (with' {
        alias = "registry.internal/base:1";
        digest = "ghcr.io/org/app@sha256:${digits "e"}";
        index = "nginx@sha256:${digits "b"}";
      })).virtualisation.oci-containers.containers
    );
    expected = {
      alias = "registry.internal/base@sha256:${digits "d"}";
      digest = "ghcr.io/org/app@sha256:${digits "e"}";
      index = "docker.io/library/nginx@sha256:${digits "a"}";
    };
  };
  "zero-copy: other engines and other users load" = {
    expr =
      let
        docker = nixos {
          imports = [ (with' { c = "nginx:1.29"; }) ];
          virtualisation.oci-containers.backend = "docker";
        };
        alice = nixos {
          virtualisation.oci-containers.containers.c = {
            image = "nginx:1.29";
            podman.user = "alice";
          };
          users.users.alice = { };
          virtualisation.hocker.images.cache.engine = "k3s";
        };
        of = config: {
          loads = loadUnits config;
          inherit (config.virtualisation.oci-containers.containers.c) image;
          stores = stores config;
          inherit (config.boot) kernelModules;
        };
      in
      {
        docker = of docker;
        alice = of alice;
      };
    expected = {
      docker = {
        loads = [ "hocker-load-web" ];
        image = "docker.io/library/nginx:1.29";
        stores = [ ];
        kernelModules = [ ];
      };
      alice = {
        loads = [
          "hocker-load-cache"
          "hocker-load-web-alice"
        ];
        image = "docker.io/library/nginx:1.29";
        stores = [ ];
        kernelModules = [ ];
      };
    };
  };
  "zero-copy: a container of another user cannot be beside them" = {
    expr = messages {
      virtualisation.oci-containers.containers.c = {
        image = "redis:8";
        podman.user = "alice";
      };
      users.users.alice = { };
    };
    expected = [
      "virtualisation.hocker.podman.zeroCopy: a container that alice runs has the image docker.io/library/redis:8, and podman mounts layers in the Nix store for root only. Leave podman.user out, or leave zeroCopy off, so that the images are loaded."
    ];
  };
  "zero-copy: images that no container names are in the store, too" = {
    expr =
      let
        config = nixos {
          virtualisation.hocker = {
            prune = true;
            images = {
              web.tags = [ "registry.internal/web:production" ];
              cache.engine = "docker";
            };
          };
          virtualisation.oci-containers.containers.c.image = "nginx:1.29";
          virtualisation.docker.enable = true;
        };
      in
      {
        loads = loadUnits config;
        stores = length (stores config);
        prune = { inherit (config.systemd.services.hocker-prune) after before; };
        failed = failures config;
      };
    expected = {
      loads = [ "hocker-load-cache" ];
      stores = 1;
      # What was loaded for the container goes before it starts.
      prune = {
        after = [ "hocker-load-cache.service" ];
        before = [ "podman-c.service" ];
      };
      failed = [ ];
    };
  };
  "zero-copy: other stores are kept" = {
    expr =
      let
        config = nixos {
          imports = [ (with' { c = "nginx:1.29"; }) ];
          virtualisation.containers.storage.settings.storage.options.additionalimagestores = [ "/srv/images" ];
        };
      in
      {
        stores = length (stores config);
        failed = failures config;
      };
    expected = {
      stores = 2;
      failed = [ ];
    };
  };
  "zero-copy: the store changes with an image, and with nothing else" = {
    expr =
      let
        store = module: lib.unique (stores (nixos module));
        web = store (with' { c = "nginx:1.29"; });
      in
      {
        same = web == store (with' { d = "docker.io/nginx:1.29"; });
        other = web == store (with' { c = "redis:8"; });
        compressed =
          web == store {
            imports = [ (with' { c = "nginx:1.29"; }) ];
            virtualisation.hocker.podman.compression = "zstd";
          };
      };
    expected = {
      same = true;
      other = false;
      compressed = false;
    };
  };

  # What cannot work fails the evaluation, and says why.
  "zero-copy: messages" = {
    expr = map messages [
      { virtualisation.podman.package = fake "podman-5.0.0"; }
      { virtualisation.podman.package = fake "podman-6.0.1"; }
      { virtualisation.podman.package = fake "podman-4.9.5"; }
      { virtualisation.podman.package = fake "podman"; }
      {
        virtualisation.cri-o = {
          enable = true;
          package = fake "cri-o-1.29.4";
        };
      }
      {
        virtualisation.cri-o = {
          enable = true;
          package = fake "cri-o-1.30.0";
        };
      }
      { boot.kernelPackages.kernel = kernel "6.6.97"; }
      { boot.kernelPackages.kernel = kernel "6.18"; }
      {
        # A kernel of one's own is asked for what it has.
        boot.kernelPackages.kernel = {
          version = "6.12";
          config.isEnabled = option: option != "EROFS_FS_BACKED_BY_FILE";
        };
      }
      {
        # The kernel of a NixOS container is its host's.
        boot.kernel.enable = false;
        boot.kernelPackages.kernel = kernel "5.10";
      }
      { virtualisation.containers.storage.settings.storage.driver = "zfs"; }
      {
        virtualisation.containers.storage.settings.storage.options.overlay.mount_program = "/bin/fuse-overlayfs";
      }
      {
        virtualisation.containers.storage.settings.storage.options.overlay.mountopt = "nodev,metacopy=on";
      }
      {
        virtualisation.containers.storage.settings.storage.options.overlay.mountopt = "nodev";
      }
      {
        virtualisation.containers.storage.settings.storage.options.additionalimagestores = lib.mkForce [
          "/srv/images"
        ];
      }
    ];
    expected = [
      [ ]
      [ ]
      [ (empty "podman 4.9.5" "podman 5") ]
      [ (empty "podman of an unknown version" "podman 5") ]
      [ (empty "CRI-O 1.29.4" "CRI-O 1.30") ]
      [ ]
      [
        "virtualisation.hocker.podman.zeroCopy: Linux 6.6.97 cannot mount a file of the Nix store, which Linux 6.12 and newer can. Set boot.kernelPackages, or leave zeroCopy off, so that the images are loaded."
      ]
      [ ]
      [ "CONFIG_EROFS_FS_BACKED_BY_FILE is not enabled!" ]
      [ ]
      [
        "virtualisation.hocker.podman.zeroCopy: virtualisation.containers.storage.settings.storage.driver is \"zfs\", and podman finds images in an additional store of its own driver only. Set it to \"overlay\", or leave zeroCopy off, so that the images are loaded."
      ]
      [
        "virtualisation.hocker.podman.zeroCopy: virtualisation.containers.storage.settings.storage.options has the mount_program \"/bin/fuse-overlayfs\", which cannot mount these images. Leave it out, or leave zeroCopy off, so that the images are loaded."
      ]
      [ ]
      [
        "virtualisation.hocker.podman.zeroCopy: virtualisation.containers.storage.settings.storage.options.overlay.mountopt is \"nodev\", without metacopy=on: podman would build other images from these wrongly. Add \"metacopy=on\" to it, after a comma."
      ]
      [ (excluded "[\"/srv/images\"]") ]
    ];
  };
  "zero-copy: two images cannot have one reference" = {
    expr =
      let
        config = nixos {
          virtualisation.hocker.lockFile = lib.mkForce ./locks/twice/hocker.lock.json;
          virtualisation.podman.enable = true;
          virtualisation.hocker.images = {
            new = { };
            old = { };
          };
        };
      in
      failures config;
    expected = [
      "virtualisation.hocker: hocker.lock.json has several images that are loaded as docker.io/library/nginx:1.29: new, old. Lock one of them with `hocker lock add --as NAME:TAG`."
    ];
  };
}
