# Cases for fetchdockerLock. The functions that it calls are stubs that return their
# arguments. The end-to-end tests read real and edited lock files.
let
  inherit (builtins)
    attrNames
    genList
    map
    removeAttrs
    storeDir
    tryEval
    ;

  inherit (import ./digest.nix) hex;

  example = ../../../fetcher/lock/testdata/hocker.lock.json;

  appReference = "localhost:5000/org/team/app:1";

  lockFor =
    system:
    import ../../lock.nix {
      fetchDockerConfig = arguments: arguments;
      fetchDockerLayer = arguments: arguments;
      fetchDockerManifest = arguments: arguments;
      fetchdocker = arguments: arguments;
      hostBinary = "/bin/hocker";
      inherit system;
    };

  refused = {
    success = false;
    value = false;
  };
in
{
  "a lock file has images, and platforms of each" = {
    expr =
      let
        lock = lockFor "x86_64-linux" example;
      in
      {
        names = attrNames lock;
        systems = attrNames lock.platforms.debian;
      };
    expected = {
      names = [
        "app"
        "byReference"
        "debian"
        "platforms"
      ];
      systems = [
        "aarch64-linux"
        "x86_64-linux"
      ];
    };
  };
  "the argument can be a set with a lock file and the compression of its images" = {
    expr =
      map (argument: (lockFor "x86_64-linux" argument).debian.erofsCompression)
        [
          example
          { lockFile = example; }
          {
            lockFile = example;
            erofsCompression = "zstd";
          }
        ];
    expected = [
      null
      null
      "zstd"
    ];
  };
  "a locked image is fetched by its digests" = {
    expr = removeAttrs (lockFor "x86_64-linux" example).debian [
      "passthru"
      "updateScript"
    ];
    expected =
      let
        named = {
          registry = "https://registry-1.docker.io/v2/";
          repository = "library";
          imageName = "debian";
        };
        tagged = named // {
          tag = "bookworm";
        };
        manifest = "sha256:486ea46224d1bb4fb680f34f7c9ad96a8f24ec88be73ea8e5a6c65260e9cb8a7";
      in
      tagged
      // {
        name = "debian";
        imageConfig = tagged // {
          sha256 = "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
          size = 1469;
        };
        imageLayers = [
          (
            named
            // {
              sha256 = "sha256:${hex}";
              size = 52500000;
            }
          )
        ];
        imageManifest = tagged // {
          sha256 = manifest;
        };
        imageDigest = manifest;
        erofsCompression = null;
      };
  };
  "a Mac gets Linux images" = {
    expr = (lockFor "aarch64-darwin" example).debian == (lockFor "x86_64-linux" example).platforms.debian.aarch64-linux;
    expected = true;
  };
  "the config's platform is checked unless an index has it" = {
    expr =
      let
        lock = lockFor "aarch64-linux" example;
      in
      [
        (lock.debian.platform or null)
        lock.platforms.app.armv7l-linux.platform
      ];
    expected = [
      null
      "linux/arm/v7"
    ];
  };
  "an image is selected by its system" = {
    expr = (lockFor "armv7l-linux" example).app.imageDigest;
    expected = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
  };
  "an image that is not locked for a system fails by itself" = {
    expr = {
      app = tryEval (lockFor "x86_64-linux" example).app;
      names = attrNames (lockFor "x86_64-linux" example).platforms.app;
    };
    expected = {
      app = refused;
      names = [ "armv7l-linux" ];
    };
  };
  "an image has the command that updates it" = {
    expr =
      let
        image = (lockFor "x86_64-linux" example).debian;
      in
      [
        image.updateScript
        image.passthru.updateScript
      ];
    expected =
      let
        script = [
          "/bin/hocker"
          "lock"
          "update"
          "--file"
          (import ../../original-path.nix (toString example))
          "debian"
        ];
      in
      [
        script
        script
      ];
  };
  "the command names the file where it was before Nix copied it" = {
    expr = map (import ../../original-path.nix) [
      "/home/me/project/hocker.lock.json"
      "${storeDir}/00000000000000000000000000000000-source/images/hocker.lock.json"
      "${storeDir}/00000000000000000000000000000000-hocker.lock.json"
    ];
    expected = [
      "/home/me/project/hocker.lock.json"
      "images/hocker.lock.json"
      "hocker.lock.json"
    ];
  };
  "an image has a name by each spelling of its reference" = {
    expr =
      let
        lock = lockFor "x86_64-linux" example;
        index = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        manifest = "sha256:486ea46224d1bb4fb680f34f7c9ad96a8f24ec88be73ea8e5a6c65260e9cb8a7";
        spellings = [
          "debian:bookworm"
          "library/debian:bookworm"
          "docker.io/debian:bookworm"
          "docker.io/library/debian:bookworm"
          "index.docker.io/library/debian:bookworm"
          "registry-1.docker.io/library/debian:bookworm"
          "debian@${index}"
          "debian:bookworm@${index}"
          "index.docker.io/debian@${manifest}"
        ];
      in
      # Other spellings than these are found by the function alone.
      map (written: lock.byReference.${written} == lock.debian) spellings
      ++ map (written: lock.byReference written == lock.debian) (
        spellings
        ++ [
          "docker://debian:bookworm"
          "docker.io:443/library/debian:bookworm"
          "debian:other@${manifest}"
        ]
      );
    expected = genList (i: true) 21;
  };
  "an image of another registry, by its reference" = {
    expr =
      let
        lock = lockFor "armv7l-linux" example;
      in
      [
        (lock.byReference.${appReference} == lock.app)
        ((lock.byReference appReference) == lock.app)
      ];
    expected = [
      true
      true
    ];
  };
  "what is not locked is refused by itself" = {
    expr =
      let
        lock = lockFor "x86_64-linux" example;
        without = written: tryEval (lock.byReference written);
      in
      map without [
        "debian"
        "debian:bullseye"
        "ghcr.io/library/debian:bookworm"
        "debian@sha256:${hex}"
        "no reference"
        appReference # not for this system
      ]
      ++ [ (lock.byReference ? "debian:bullseye") ];
    expected = genList (i: refused) 6 ++ [ false ];
  };
  "images of a registry that share a layer share its derivation" = {
    expr =
      let
        lock = lockFor "x86_64-linux" ./locks/shared/hocker.lock.json;
        names = image: [
          image.imageConfig.imageName
          (map (layer: layer.imageName) image.imageLayers)
        ];
      in
      map names [
        lock.a
        lock.b
        lock.c
      ];
    expected = [
      [
        "first"
        [ "first" ]
      ]
      [
        "second"
        [ "first" ]
      ]
      [
        "third"
        [ "third" ]
      ]
    ];
  };
}
