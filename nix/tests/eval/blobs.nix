# Cases for fetchDockerLayer, fetchDockerConfig and fetchDockerManifest.
let
  inherit (builtins)
    concatStringsSep
    genList
    map
    seq
    stringLength
    tryEval
    ;

  inherit (import ./digest.nix)
    hex
    base32
    base64
    notations
    otherHex
    ;

  inherit
    (import ../../fetchdocker.nix {
      hocker = "/hocker";
      system = "x86_64-linux";
    })
    fetchDockerConfig
    fetchDockerLayer
    fetchDockerManifest
    ;

  fails = value: !(tryEval value).success;

  text = size: concatStringsSep "" (genList (i: "a") size);

  layer = arguments: fetchDockerLayer ({ imageName = "debian"; } // arguments);

  config =
    arguments:
    fetchDockerConfig (
      {
        imageName = "debian";
        tag = "jessie";
        sha256 = base32;
      }
      // arguments
    );

  # A fixed-output derivation without hocker, from a hash in any notation.
  byNix =
    outputHash:
    (derivation {
      name = "docker-layer-${hex}.tar.gz";
      system = "x86_64-linux";
      builder = "/none";
      outputHashAlgo = "sha256";
      outputHashMode = "flat";
      inherit outputHash;
    }).outPath;
in
{
  "a layer's name has its digest, in any notation of the hash" = {
    expr = map (sha256: (layer { inherit sha256; }).name) notations;
    expected = map (notation: "docker-layer-${hex}.tar.gz") notations;
  };
  "a layer's path is the fixed-output path of its hash" = {
    expr = map (sha256: (layer { inherit sha256; }).outPath) notations;
    expected = map byNix notations;
  };
  "sha256 and hash are equivalent" = {
    expr = map (hash: (layer { inherit hash; }).outPath) notations;
    expected = map byNix notations;
  };
  "the builder gets the hash in its original notation" = {
    expr = map (sha256: (layer { inherit sha256; }).outputHash) notations;
    expected = notations;
  };
  "a layer has the attribute digest" = {
    expr = map (sha256: (layer { inherit sha256; }).digest) notations;
    expected = map (notation: "sha256:${hex}") notations;
  };
  "layerDigest may repeat the hash, in any notation" = {
    expr = map (
      layerDigest:
      (layer {
        inherit layerDigest;
        sha256 = base32;
      }).layerDigest
    ) notations;
    expected = map (notation: hex) notations;
  };
  "an empty layerDigest is ignored" = {
    expr =
      (layer {
        layerDigest = "";
        sha256 = hex;
      }) ? layerDigest;
    expected = false;
  };
  "a layer is a derivation" = {
    expr = (layer { sha256 = hex; }).type;
    expected = "derivation";
  };
  "the registry does not change a layer's path" = {
    expr =
      (layer {
        sha256 = hex;
        registry = "http://localhost:5000";
        repository = "";
        tag = "1";
      }).outPath;
    expected = byNix hex;
  };
  "sizes do not change a layer's path" = {
    expr =
      let
        sized = layer {
          sha256 = hex;
          size = 5;
          maxSize = 6;
        };
      in
      [
        sized.size
        sized.maxSize
        sized.outPath
      ];
    expected = [
      5
      6
      (byNix hex)
    ];
  };
  "a size is a number of bytes" = {
    expr =
      map
        (
          size:
          fails
            (layer {
              sha256 = hex;
              inherit size;
            }).drvPath
        )
        [
          "5"
          (-1)
          1.5
        ];
    expected = [
      true
      true
      true
    ];
  };
  "a layer can have another name" = {
    expr =
      (layer {
        sha256 = hex;
        name = "layer";
      }).name;
    expected = "layer";
  };
  "conflicting digests fail" = {
    expr = map (arguments: fails (layer arguments).drvPath) [
      { }
      { layerDigest = hex; }
      {
        sha256 = "";
        hash = "";
      }
      {
        sha256 = hex;
        hash = "sha256-${base64}";
      }
      {
        sha256 = hex;
        layerDigest = otherHex;
      }
      {
        sha256 = hex;
        layerDigest = "latest";
      }
      { sha256 = "latest"; }
      { hash = "sha512-${base64}"; }
      {
        sha256 = hex;
        registry = "https://user:secret@registry.example/v2/";
      }
      {
        sha256 = hex;
        registry = "ftp://registry.example/";
      }
    ];
    expected = genList (i: true) 10;
  };
  "conflicting digests fail in the attribute digest, too" = {
    expr =
      fails
        (layer {
          sha256 = hex;
          layerDigest = otherHex;
        }).digest;
    expected = true;
  };
  "an invalid hash fails even if it is not part of the name" = {
    expr = fails (config { sha256 = "latest"; }).drvPath;
    expected = true;
  };

  # Configs and manifests
  "a config is named after its image" = {
    expr = map (arguments: (config arguments).name) [
      { }
      { repository = ""; }
      { repository = "org/team"; }
      { tag = "sha256:${hex}"; }
      { repository = ".org"; }
      { repository = text 255; }
      { name = "config"; }
    ];
    expected = [
      "library_debian_jessie-config.json"
      "debian_jessie-config.json"
      "org_team_debian_jessie-config.json"
      "library_debian_sha256_${hex}-config.json"
      "_.org_debian_jessie-config.json"
      "docker-config-${hex}.json"
      "config"
    ];
  };
  "a name fits into a store path" = {
    expr =
      map
        (
          size:
          let
            result = config { repository = text size; };
          in
          # Nix must accept the name.
          seq result.drvPath (stringLength result.name)
        )
        [
          180
          181
          182
        ];
    expected = [
      206
      207
      (stringLength "docker-config-${hex}.json")
    ];
  };
  "a manifest is named after its image" = {
    expr =
      (fetchDockerManifest {
        imageName = "debian";
        tag = "jessie";
        hash = "sha256-${base64}";
      }).name;
    expected = "library_debian_jessie-manifest.json";
  };
  "the builder gets the kind of blob" = {
    expr = map (blob: blob.args) [
      (layer { sha256 = hex; })
      (config { })
    ];
    expected = [
      [
        "fetch"
        "layer"
      ]
      [
        "fetch"
        "config"
      ]
    ];
  };
}
