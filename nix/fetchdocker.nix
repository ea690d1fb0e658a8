# Container images in the Nix store: every config, layer and manifest is a
# fixed-output derivation whose builder is the hocker binary and whose hash is
# the digest by which the registry knows it.
#
#   let
#     inherit (import ./fetchdocker.nix { inherit hocker system; })
#       fetchDockerConfig
#       fetchDockerLayer
#       fetchdocker
#       ;
#   in
#   import ./debian.nix { inherit fetchDockerConfig fetchDockerLayer fetchdocker; }
#
# where debian.nix is what docker2nix wrote. The functions take the place of the
# ones that nixpkgs once had under these names: the same arguments, the same
# derivation names and so the same store paths. They need nothing but Nix.
{
  # What has bin/hocker: a package, or the path of a folder. It runs in the
  # builds, so it is a binary for `system`.
  hocker,
  # The system that builds. What is fetched does not depend on it.
  system,
  # What has the bin/hocker that compositeImage.sh runs: another one than
  # `hocker` only where the image is for machines that do not build it.
  hostHocker ? hocker,
  # The system that the images of a lock file are for.
  hostSystem ? system,
  # Registries to ask first for what is in others, in this order:
  # [ "docker.io=https://mirror.example/v2/" "*=cache.example:5000" ]. The
  # environment's HOCKER_MIRRORS comes before them. No output depends on them.
  mirrors ? [ ],
}:
let
  inherit (builtins)
    concatStringsSep
    filter
    findFile
    head
    map
    match
    seq
    substring
    toJSON
    ;

  inherit (import ./hash.nix) toHex;
  inherit (import ./names.nix) checkRegistry familiarName storeName;

  builder = "${hocker}/bin/hocker";

  dockerHub = "https://registry-1.docker.io/v2/";

  # Of the caller where it opens the store itself, of the daemon where it does
  # not; an entry of the `impure-env` setting comes before both.
  impureEnvVars = [
    "DOCKER_USER"
    "DOCKER_PASS"
    "DOCKER_TOKEN"
    "DOCKER_AUTH_CONFIG"
    "http_proxy"
    "https_proxy"
    "ftp_proxy"
    "all_proxy"
    "no_proxy"
    "HTTP_PROXY"
    "HTTPS_PROXY"
    "FTP_PROXY"
    "ALL_PROXY"
    "NO_PROXY"
    "SSL_CERT_FILE"
    "NIX_SSL_CERT_FILE"
    "HOCKER_MIRRORS"
  ];

  # `nix-build -I DOCKER_CREDENTIALS=FILE` names a file of credentials. Only its
  # name goes to the builder: interpolating the path would copy the secret into
  # the store. An absolute name is not looked at, for it may be one that only
  # the sandbox has. Under pure evaluation NIX_PATH is empty.
  dockerCredentials =
    let
      entries = filter (
        entry: entry.prefix == "DOCKER_CREDENTIALS" && entry.path != ""
      ) builtins.nixPath;
      file = (head entries).path;
    in
    if entries == [ ] then
      { }
    else
      {
        dockerCredentialsFile =
          if substring 0 1 file == "/" then
            file
          else
            toString (findFile entries "DOCKER_CREDENTIALS");
      };

  # null and "" both mean that an argument is not given: the functions of
  # nixpkgs had "" where these have null.
  isUnset = value: value == null || value == "";

  # A layer, config or manifest: `kind` of them.
  fetchBlob =
    function: kind:
    {
      registry,
      repository,
      imageName,
      tag,
      sha256,
      hash,
      name,
      layerDigest ? null,
    }:
    let
      which = if isUnset hash then "sha256" else "hash";
      outputHash =
        if isUnset sha256 && isUnset hash then
          throw "${function}: ${imageName} has no hash, expected one of sha256 and hash: give it the digest that the image's manifest names, or let docker2nix write the expression"
        else if isUnset hash then
          sha256
        else if isUnset sha256 then
          hash
        else
          throw "${function}: ${imageName} has sha256 = ${toJSON sha256} and hash = ${toJSON hash}, expected one of them: leave one out";

      hex = toHex "${function}: ${which}" outputHash;
      layerHex = toHex "${function}: layerDigest" layerDigest;

      defaultName =
        if kind == "layer" then
          "docker-layer-${hex}.tar.gz"
        else
          storeName "${namespace}${imageName}_${tag}-${kind}.json" "docker-${kind}-${hex}.json";
      namespace = if repository == "" then "" else "${repository}_";

      checked =
        if isUnset layerDigest || layerHex == hex then
          seq hex outputHash
        else
          throw "${function}: layerDigest = ${toJSON layerDigest} is another layer than ${which} = ${toJSON outputHash}, which is ${hex}, expected the same digest twice: leave layerDigest out, or run docker2nix again";
    in
    derivation (
      {
        name = if isUnset name then defaultName else name;
        inherit
          system
          builder
          repository
          imageName
          tag
          impureEnvVars
          ;
        args = [
          "fetch"
          kind
        ];
        registry = checkRegistry function registry;
        outputHash = checked;
        outputHashAlgo = "sha256";
        outputHashMode = "flat";
        # The download goes where the blob is wanted, with the credentials that
        # are there.
        preferLocalBuild = true;
      }
      // dockerCredentials
      // (if mirrors == [ ] then { } else { hockerMirrors = concatStringsSep "," mirrors; })
      // (if isUnset layerDigest then { } else { layerDigest = layerHex; })
    )
    // {
      digest = seq checked "sha256:${hex}";
    };

  # One file of an image, as the builder of the image is told of it. What has a
  # digest here is a fixed-output derivation of ours: Nix has seen to its bytes.
  # Any other file (a path, another fetcher's result) the builder hashes itself.
  fileOf = file: {
    path = "${file}";
    digest = if file ? outputHash then file.digest or null else null;
  };
in
rec {
  # fetchDockerLayer: one layer, as the registry has it (compressed).
  # The result has the attribute `digest`.
  fetchDockerLayer =
    {
      # https://HOST[:PORT][/PREFIX]/v2/, http://…, or a bare host.
      registry ? dockerHub,
      # What comes before the last slash of the image's name; "" for nothing.
      repository ? "library",
      # What comes after the last slash of the image's name.
      imageName,
      # The digest as the manifest has it, with or without "sha256:". It says
      # what sha256 or hash says already, and must agree with it.
      layerDigest ? null,
      # The digest in base16, with or without "sha256:", or in Nix base32. This
      # one or `hash`, not both.
      sha256 ? null,
      # The digest as sha256-<base64>. This one or `sha256`, not both. (Either
      # takes what the other does.)
      hash ? null,
      # For messages: a layer is fetched by its digest.
      tag ? "",
      # docker-layer-<digest>.tar.gz, if it is left out.
      name ? null,
    }:
    fetchBlob "fetchDockerLayer" "layer" {
      inherit
        registry
        repository
        imageName
        layerDigest
        sha256
        hash
        tag
        name
        ;
    };

  # fetchDockerConfig: an image's config, which says how a container is started
  # and which layers it has. The result has the attribute `digest`.
  fetchDockerConfig =
    {
      # As in fetchDockerLayer.
      registry ? dockerHub,
      repository ? "library",
      imageName,
      # For the derivation's name and for messages: the config is fetched by its
      # digest, and stays the same when the tag moves on.
      tag,
      # As in fetchDockerLayer: one of them.
      sha256 ? null,
      hash ? null,
      # <repository>_<imageName>_<tag>-config.json, if it is left out, with "_"
      # for every character that no store path has.
      name ? null,
    }:
    fetchBlob "fetchDockerConfig" "config" {
      inherit
        registry
        repository
        imageName
        tag
        sha256
        hash
        name
        ;
    };

  # fetchDockerManifest: an image's manifest, byte for byte as the registry has
  # it. The result has the attribute `digest`.
  fetchDockerManifest =
    {
      # As in fetchDockerConfig.
      registry ? dockerHub,
      repository ? "library",
      imageName,
      tag,
      sha256 ? null,
      hash ? null,
      # <repository>_<imageName>_<tag>-manifest.json, if it is left out.
      name ? null,
    }:
    fetchBlob "fetchDockerManifest" "manifest" {
      inherit
        registry
        repository
        imageName
        tag
        sha256
        hash
        name
        ;
    };

  # fetchdocker: an image. The result is a folder with compositeImage.sh, which
  # writes the image's archive to standard output for `docker load` and its
  # like, and has the attributes `image`, `imageName`, `imageTag`, `imageDigest`,
  # `layers` and `config`.
  fetchdocker =
    {
      # The derivation's name.
      name,
      # As in fetchDockerLayer; here they are the image's name and no more.
      registry ? dockerHub,
      repository ? "library",
      imageName,
      # A tag, or a digest ("sha256:…").
      tag,
      # What fetchDockerConfig gave, or any file that is an image's config.
      imageConfig,
      # What fetchDockerLayer gave, or any files that are layers, from the
      # lowest to the topmost.
      imageLayers,
      # What fetchDockerManifest gave, or any file that is the image's manifest.
      imageManifest ? null,
      # The digest of that manifest ("sha256:…"), by which other tools know the
      # image. It must agree with imageManifest where both are given.
      imageDigest ? null,
      # The reference under which the archive is loaded: if it is left out,
      # debian:jessie for Docker Hub's library, org/app:1 for the rest of it,
      # HOST[:PORT]/REPOSITORY/NAME:TAG for every other registry. An archive
      # cannot be tagged by a digest: with a digest for a tag it is loaded
      # without a name, unless this argument gives it one.
      image ? null,
    }:
    let
      reference =
        if isUnset image then
          familiarName "fetchdocker" registry repository imageName tag
        else
          image;
      manifestDigest = if imageManifest == null then null else imageManifest.digest or null;
      digest =
        if isUnset imageDigest then
          manifestDigest
        else if manifestDigest == null || manifestDigest == "sha256:${toHex "fetchdocker: imageDigest" imageDigest}" then
          imageDigest
        else
          throw "fetchdocker: imageDigest = ${toJSON imageDigest} is another manifest than imageManifest, which is ${manifestDigest}, expected the same digest twice: leave imageDigest out, or run docker2nix again";
    in
    derivation {
      inherit name system builder;
      args = [
        "build"
        "image"
      ];
      hocker = "${hostHocker}/bin/hocker";
      # A file, since an environment variable ends at 128 KiB.
      passAsFile = [ "spec" ];
      spec = toJSON {
        # Where `image` is given, its errors are the builder's to tell.
        reference = if isUnset image && match ".*@.*" reference != null then "" else reference;
        config = fileOf imageConfig;
        layers = map fileOf imageLayers;
        manifest = if imageManifest == null then null else seq digest (fileOf imageManifest);
      };
      # Two small files, made at once from files that have to be here anyhow.
      # Substitutes stay allowed: they serve a machine of another system.
      preferLocalBuild = true;
    }
    // {
      inherit imageName;
      image = reference;
      imageTag = tag;
      # Null where the expression does not say it.
      imageDigest = digest;
      layers = imageLayers;
      config = imageConfig;
    };

  # fetchdockerLock: the images of a lock file.
  fetchdockerLock = import ./lock.nix {
    inherit
      fetchDockerConfig
      fetchDockerLayer
      fetchDockerManifest
      fetchdocker
      ;
    system = hostSystem;
  };
}
