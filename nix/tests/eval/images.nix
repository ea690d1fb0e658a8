# Cases for fetchdocker.
let
  inherit (builtins)
    all
    attrNames
    concatStringsSep
    elem
    fromJSON
    genList
    getContext
    length
    map
    stringLength
    substring
    unsafeDiscardStringContext
    ;

  inherit (import ./digest.nix) hex otherHex;

  inherit
    (import ../../fetchdocker.nix {
      hocker = "/hocker";
      system = "x86_64-linux";
      erofsUtils = "/erofs-utils";
    })
    fetchDockerConfig
    fetchDockerLayer
    fetchDockerManifest
    fetchdocker
    podmanStoreOf
    ;

  layer = arguments: fetchDockerLayer ({ imageName = "debian"; } // arguments);

  image =
    arguments:
    fetchdocker (
      {
        name = "debian";
        imageName = "debian";
        tag = "jessie";
        imageConfig = fetchDockerConfig {
          imageName = "debian";
          tag = "jessie";
          sha256 = hex;
        };
        imageLayers = [ (layer { sha256 = hex; }) ];
      }
      // arguments
    );

  # What the builder is told. fromJSON needs a string without dependencies.
  spec = arguments: fromJSON (unsafeDiscardStringContext (image arguments).spec);

  jessie = import ../consumer/debian.nix {
    inherit fetchDockerConfig fetchDockerLayer fetchdocker;
  };

  shapes = image: [
    image
    image.archive
    image.stream
    image.oci
    image.load
    image.nix2container
    image.erofs
    image.podmanStore
    image.rootfs
    image.service
    image.bundle
  ];

  # The derivations of an image's layers as EROFS files.
  erofsLayers = arguments: map (layer: layer.drvPath) (image arguments).erofs.layers;

  # The input derivations of a derivation.
  inputs =
    shape:
    attrNames (getContext (if shape ? spec then shape.spec else "${shape.built}"));
in
{
  "an image has its familiar reference" = {
    expr = map (arguments: (spec arguments).reference) [
      { }
      { registry = "docker.io"; }
      { registry = "https://index.docker.io/v1/"; }
      { registry = "https://registry.hub.docker.com"; }
      { repository = "org"; }
      { repository = ""; }
      { registry = "https://ghcr.io/v2/"; }
      {
        registry = "http://localhost:5000/mirror/v2/";
        repository = "org/team";
      }
      {
        registry = "[::1]:5000";
        repository = "";
      }
      { registry = "https://ghcr.io:443/v2/"; }
      { registry = "http://registry.example:80/v2/"; }
      { registry = "https://registry.example:80/v2/"; }
      { registry = "https://docker.io:443"; }
      { registry = "https://myhost:443/v2/"; }
      { registry = "localhost:80"; }
      { registry = "localhost:443"; }
      { registry = "[::1]:80"; }
      { registry = "127.0.0.1:443"; }
      {
        registry = "https://registry.example";
        image = "mine:1";
      }
      { tag = "sha256:${hex}"; }
      {
        tag = "sha256:${hex}";
        image = "mine:1";
      }
    ];
    expected = [
      "debian:jessie"
      "debian:jessie"
      "debian:jessie"
      "debian:jessie"
      "org/debian:jessie"
      "debian:jessie"
      "ghcr.io/library/debian:jessie"
      "localhost:5000/org/team/debian:jessie"
      "[::1]:5000/debian:jessie"
      "ghcr.io/library/debian:jessie"
      "registry.example/library/debian:jessie"
      "registry.example:80/library/debian:jessie"
      "debian:jessie"
      "myhost:443/library/debian:jessie"
      "localhost/library/debian:jessie"
      "localhost:443/library/debian:jessie"
      "[::1]/library/debian:jessie"
      "127.0.0.1:443/library/debian:jessie"
      "mine:1"
      "debian:${hex}"
      "mine:1"
    ];
  };
  "name and tag are parts of the reference" = {
    expr =
      map
        (
          arguments:
          let
            made = image arguments;
            inherit (made) imageName imageTag;
          in
          {
            inherit imageName imageTag;
            same = made.image == "${imageName}:${imageTag}" && made.image == (spec arguments).reference;
          }
        )
        [
          { }
          { registry = "http://localhost:5000"; }
          {
            registry = "https://ghcr.io/v2/";
            repository = "org/team";
            tag = "sha256:${hex}";
          }
          { image = "example.org:443/mine"; }
          { image = "example.org/mine:2"; }
          { image = "mine"; }
        ];
    expected =
      map
        (reference: {
          inherit (reference) imageName imageTag;
          same = true;
        })
        [
          {
            imageName = "debian";
            imageTag = "jessie";
          }
          {
            imageName = "localhost:5000/library/debian";
            imageTag = "jessie";
          }
          {
            imageName = "ghcr.io/org/team/debian";
            imageTag = hex;
          }
          {
            imageName = "example.org:443/mine";
            imageTag = "latest";
          }
          {
            imageName = "example.org/mine";
            imageTag = "2";
          }
          {
            imageName = "mine";
            imageTag = "latest";
          }
        ];
  };
  "the stream is executable" = {
    expr = jessie.stream.isExe;
    expected = true;
  };
  "an image's attributes" = {
    expr = {
      inherit (jessie)
        image
        imageName
        imageTag
        name
        type
        ;
      layers = map (layer: layer.digest) jessie.layers;
      config = jessie.config.digest;
    };
    expected = {
      image = "debian:jessie";
      imageName = "debian";
      imageTag = "jessie";
      name = "debian";
      type = "derivation";
      layers = [ "sha256:${hex}" ];
      config = "sha256:054abe38b1e6f863befa4258cbfaf127b1cc9440d2e2e349b15d22e676b591e7";
    };
  };
  "files from elsewhere have no digest" = {
    expr = map (layer: layer.digest) (spec {
      imageLayers = [
        (layer { sha256 = hex; })
        ./images.nix
        (toString ./images.nix)
        {
          outPath = "/layer";
          digest = "sha256:${otherHex}";
        }
      ];
    }).layers;
    expected = [
      "sha256:${hex}"
      null
      null
      null
    ];
  };
  "an image can have a manifest" = {
    expr =
      (spec {
        imageManifest = fetchDockerManifest {
          imageName = "debian";
          tag = "jessie";
          sha256 = otherHex;
        };
      }).manifest.digest;
    expected = "sha256:${otherHex}";
  };
  "an image depends on its files" = {
    expr =
      let
        context = getContext jessie.spec;
      in
      all (drv: elem drv (attrNames context)) (
        map (file: unsafeDiscardStringContext file.drvPath) ([ jessie.config ] ++ jessie.layers)
      );
    expected = true;
  };
  "every shape has the image's attributes" = {
    expr = map (shape: {
      inherit (shape)
        image
        imageName
        imageTag
        imageDigest
        type
        ;
      layers = length shape.layers;
      config = shape.config.digest;
      manifest = shape.manifest.name;
    }) (shapes jessie);
    expected = map (_: {
      image = "debian:jessie";
      imageName = "debian";
      imageTag = "jessie";
      imageDigest = null;
      type = "derivation";
      layers = 1;
      config = "sha256:054abe38b1e6f863befa4258cbfaf127b1cc9440d2e2e349b15d22e676b591e7";
      manifest = "debian-manifest.json";
    }) (shapes jessie);
  };
  "the shapes' names" = {
    expr = map (shape: shape.name) (
      shapes jessie
      ++ [
        (image {
          registry = "https://ghcr.io/v2/";
          repository = "org/team";
        }).archive
        (image { tag = "sha256:${hex}"; }).archive
        (image { image = "mine:1"; }).archive
      ]
    );
    expected = [
      "debian"
      "docker-image-debian_jessie.tar"
      "debian-stream"
      "debian-oci"
      "debian-load"
      "debian-nix2container.json"
      "debian-erofs"
      "debian-podman-store"
      "debian.erofs"
      "debian-service"
      "debian-bundle"
      "docker-image-ghcr.io_org_team_debian_jessie.tar"
      "docker-image-debian_${hex}.tar"
      "docker-image-mine_1.tar"
    ];
  };
  "a name of any length makes a valid store path" = {
    expr =
      let
        long = concatStringsSep "" (genList (_: "long-name-") 25);
        names =
          name:
          map (shape: shape.name) (shapes (image {
            inherit name;
            imageName = long;
            tag = long;
          }))
          ++ [ (image { inherit name; }).manifest.name ];
      in
      {
        # The names differ from each other and from those of other images.
        long = map (name: [
          (stringLength name <= 207)
          (substring 0 13 name)
          (substring 45 (-1) name)
        ]) (names long);
        # The longest name that fits.
        fits = map (name: substring 200 (-1) name) (names (substring 0 207 long));
        cleaned = (image { name = "a/b c"; }).stream.name;
      };
    expected = {
      long =
        map
          (suffix: [
            true
            "docker-image-"
            suffix
          ])
          [
            ""
            ".tar"
            "-stream"
            "-oci"
            "-load"
            "-nix2container.json"
            "-erofs"
            "-podman-store"
            ".erofs"
            "-service"
            "-bundle"
            "-manifest.json"
          ];
      fits = [
        "long-na"
        ""
        ""
        ""
        ""
        ""
        ""
        ""
        ""
        ""
        ""
        ""
      ];
      cleaned = "a_b_c-stream";
    };
  };
  # The archive and the EROFS files are made from config and layers, and verify them
  # themselves. The other shapes are made from the image, so that its layers are verified
  # once.
  "the inputs of the shapes" = {
    expr = map (shape: elem (unsafeDiscardStringContext jessie.drvPath) (inputs shape)) [
      jessie.archive
      jessie.stream
      jessie.oci
      jessie.load
      jessie.manifest
      jessie.erofs
      jessie.rootfs
    ];
    expected = [
      false
      true
      true
      true
      true
      false
      false
    ];
  };
  "the manifest is the registry's if there is one" = {
    expr =
      (image {
        imageManifest = fetchDockerManifest {
          imageName = "debian";
          tag = "jessie";
          sha256 = otherHex;
        };
      }).oci.manifest.digest;
    expected = "sha256:${otherHex}";
  };
  "the builder gets the platform" = {
    expr = map (arguments: (spec arguments).platform) [
      { }
      { platform = ""; }
      { platform = "linux/arm64/v8"; }
    ];
    expected = [
      null
      null
      "linux/arm64/v8"
    ];
  };
  "layers are verified unless verify is false" = {
    expr = map (arguments: (spec arguments).verify) [
      { }
      { verify = false; }
    ];
    expected = [
      true
      false
    ];
  };
  # So images share them.
  "an EROFS file depends on the layer, the compression and its mkfs.erofs" = {
    expr =
      let
        shared = erofsLayers { };
        other = (import ../../fetchdocker.nix {
          hocker = "/hocker";
          system = "x86_64-linux";
          erofsUtils = "/other";
        }).fetchdocker;
        others =
          erofsCompression:
          map (layer: layer.drvPath) (other {
            name = "debian";
            imageName = "debian";
            tag = "jessie";
            imageConfig = jessie.config;
            imageLayers = [ (layer { sha256 = hex; }) ];
            inherit erofsCompression;
          }).erofs.layers;
        isShared = map (drvPaths: drvPaths == shared);
      in
      {
        same = isShared [
          (erofsLayers {
            name = "other";
            tag = "2";
            registry = "https://ghcr.io/v2/";
            platform = "linux/arm64";
            verify = false;
            imageConfig = fetchDockerConfig {
              imageName = "other";
              tag = "2";
              sha256 = otherHex;
            };
          })
          (erofsLayers { erofsCompression = ""; })
          (map (layer: layer.drvPath) (image { }).erofs.layers)
          (others null)
        ];
        different = isShared [
          (erofsLayers { imageLayers = [ (layer { sha256 = otherHex; }) ]; })
          (erofsLayers { erofsCompression = "zstd"; })
        ];
        compressed = others "zstd" == erofsLayers { erofsCompression = "zstd"; };
      };
    expected = {
      compressed = false;
      same = [
        true
        true
        true
        true
      ];
      different = [
        false
        false
      ];
    };
  };
  "an image of EROFS files does without the layers that they are of" = {
    expr = attrNames (
      builtins.intersectAttrs (getContext "${builtins.head jessie.layers}") (
        getContext "${jessie.erofs.spec}${jessie.erofs.erofsLayers}"
      )
    );
    expected = [ ];
  };
  "an EROFS file is named after its layer" = {
    expr = map (layer: layer.name) (image {
      imageLayers = [
        (layer { sha256 = hex; })
        ./images.nix
      ];
    }).erofs.layers;
    expected = [
      "erofs-layer-${hex}"
      "erofs-layer"
    ];
  };
  "a store of podman is made of the images as EROFS files" = {
    expr =
      let
        other = image { tag = "2"; };
        imagesOf = store: fromJSON (unsafeDiscardStringContext store.images);
        folderOf = image: unsafeDiscardStringContext "${image.erofs}";
      in
      {
        one = imagesOf jessie.podmanStore == [ (folderOf jessie) ];
        two =
          imagesOf (podmanStoreOf [
            jessie
            other
          ]) == [
            (folderOf jessie)
            (folderOf other)
          ];
        none = imagesOf (podmanStoreOf [ ]);
        named = (podmanStoreOf [ ]).name;
      };
    expected = {
      one = true;
      two = true;
      none = [ ];
      named = "podman-store";
    };
  };
  "only a compression needs erofsUtils" = {
    expr =
      let
        inherit
          ((import ../../fetchdocker.nix {
            hocker = "/hocker";
            system = "x86_64-linux";
            erofsUtils = throw "not here";
          }).fetchdocker
            {
              name = "debian";
              imageName = "debian";
              tag = "jessie";
              imageConfig = jessie.config;
              imageLayers = jessie.layers;
            }
          )
          archive
          drvPath
          erofs
          load
          nix2container
          oci
          podmanStore
          stream
          ;
      in
      map (path: path == null) [
        drvPath
        archive.drvPath
        stream.drvPath
        oci.drvPath
        load.drvPath
        nix2container.drvPath
        erofs.drvPath
        podmanStore.drvPath
      ];
    expected = [
      false
      false
      false
      false
      false
      false
      false
      false
    ];
  };
  "the compression is a known one" = {
    expr = (builtins.tryEval (builtins.head (erofsLayers { erofsCompression = "xz"; }))).success;
    expected = false;
  };
}
