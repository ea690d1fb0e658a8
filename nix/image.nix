# An image: a folder with compositeImage.sh, and its other shapes, each a derivation.
{
  # Path of the hocker binary that builds.
  builder,
  # Path of the hocker binary that the scripts run.
  hostBinary,
  # As in fetchdocker.nix.
  system,
  # The result of erofs.nix.
  erofs,
  # The function `make` of podman-store.nix.
  makePodmanStore,
}:
let
  inherit (builtins)
    attrNames
    concatMap
    concatStringsSep
    filter
    fromJSON
    hashString
    isBool
    isInt
    isList
    isString
    map
    readFile
    seq
    split
    substring
    toJSON
    unsafeDiscardStringContext
    ;

  inherit (import ./hash.nix) toHex;
  inherit (import ./names.nix)
    familiarName
    isUnset
    loadedTag
    splitReference
    storeName
    ;

  # Describes a file to the builder. Nix has verified a file with a digest: it is one
  # of our fixed-output derivations. The builder hashes any other file (a path, the
  # result of another fetcher) itself.
  fileOf = file: {
    path = "${file}";
    digest = if file ? outputHash then file.digest or null else null;
  };
in
# The arguments are those of fetchdocker, without defaults.
{
  name,
  registry,
  repository,
  imageName,
  tag,
  imageConfig,
  imageLayers,
  imageManifest,
  imageDigest,
  image,
  platform,
  verify,
  erofsCompression,
  maxUnpacked,
}:
let
  loaded =
    if isUnset image then
      {
        name = familiarName "fetchdocker" registry repository imageName;
        tag = loadedTag tag;
      }
    else
      splitReference image;
  reference = "${loaded.name}:${loaded.tag}";

  # For shapes whose own name would be too long for a store path.
  shortName = "docker-image-${substring 0 32 (hashString "sha256" reference)}";
  named = suffix: storeName "${name}${suffix}" "${shortName}${suffix}";
  manifestDigest = if imageManifest == null then null else imageManifest.digest or null;
  digest =
    if isUnset imageDigest then
      manifestDigest
    else if manifestDigest == null || manifestDigest == "sha256:${toHex "fetchdocker: imageDigest" imageDigest}" then
      imageDigest
    else
      throw "fetchdocker: imageDigest = ${toJSON imageDigest} does not match imageManifest, which is ${manifestDigest}, expected the same digest: omit imageDigest, or run docker2nix again";

  # For shapes made from the config and layers. The spec is passed as a file because
  # Linux limits an environment variable to 128 KiB.
  madeOfParts = {
    passAsFile = [ "spec" ];
    spec = specOf (map fileOf imageLayers);
  };

  # For what runs the image by its config in its rootfs.
  madeOfRootfs = {
    passAsFile = [ "spec" ];
    spec = toJSON {
      inherit reference;
      config = fileOf imageConfig;
    };
    rootfs = "${rootfs}";
    facts = "${rootfs.facts}";
  };

  specOf =
    layers:
    toJSON {
      # The builder reports errors in the reference.
      inherit reference layers;
      config = fileOf imageConfig;
      manifest = if imageManifest == null then null else seq digest (fileOf imageManifest);
      platform = if isUnset platform then null else platform;
      inherit verify;
      ${if maxUnpacked == null then null else "maxUnpacked"} = checkedMaxUnpacked;
    };

  checkedMaxUnpacked =
    if maxUnpacked == null || isInt maxUnpacked && maxUnpacked > 0 then
      maxUnpacked
    else
      throw "fetchdocker: maxUnpacked = ${toJSON maxUnpacked}, expected a number of bytes";

  # For shapes made from the config and the layers as EROFS files. Making those verifies
  # the layers, which need not be here for the rest.
  erofsLayers = map (erofs.makeLayer erofsCompression checkedMaxUnpacked) imageLayers;
  madeOfErofs = {
    passAsFile = [
      "spec"
      "erofsLayers"
    ];
    spec = specOf [ ];
    erofsLayers = toJSON (map (layer: "${layer}") erofsLayers);
  };

  # For shapes made from the image, so that a faulty image fails once, in its own build.
  madeOfImage = {
    built = main;
  };

  runsHocker = {
    hocker = hostBinary;
  };

  shape =
    kind: attributes:
    derivation (
      {
        inherit system builder;
        args = [
          "build"
          kind
        ];
        # The inputs must be on this machine anyway, and building is faster than
        # copying the result. Substitutes are allowed, for machines of other systems.
        preferLocalBuild = true;
      }
      // attributes
    )
    // facts;

  # Attributes of every shape, for the rest of a configuration.
  facts = {
    image = reference;
    # The reference without its tag, as in dockerTools.
    imageName = loaded.name;
    imageTag = loaded.tag;
    # Null if it is not known.
    imageDigest = digest;
    layers = imageLayers;
    config = imageConfig;
    manifest =
      if imageManifest == null then
        shape "manifest" (madeOfImage // { name = named "-manifest.json"; })
      else
        imageManifest;
  };

  main = shape "image" (madeOfParts // runsHocker // { name = named ""; });

  eachLayer = shape "erofs" (madeOfErofs // { name = named "-erofs"; }) // {
    layers = erofsLayers;
  };

  # The output facts is what the image's files say of how to run it.
  rootfs = shape "rootfs" (
    madeOfParts
    // erofs.attributes erofsCompression
    // {
      name = named ".erofs";
      outputs = [
        "out"
        "facts"
      ];
    }
  );

  service = shape "service" (
    madeOfRootfs
    // {
      name = named "-service";
      unit = serviceName;
      hardening = toJSON (settings hardening);
    }
  ) // {
    inherit process;
    # For systemd.services.<name> of NixOS. Evaluation builds the service for it.
    unit =
      let
        made = fromJSON (unsafeDiscardStringContext (readFile "${service}/unit.json"));
      in
      made
      // {
        serviceConfig = made.serviceConfig // {
          RootImage = "${rootfs}";
        };
      };
  };

  bundle = shape "bundle" (
    madeOfRootfs
    // {
      name = named "-bundle";
      capabilities = toJSON hardening.CapabilityBoundingSet;
    }
  ) // {
    meta.mainProgram = "run";
  };

  hardening = (import ./module/hardening.nix).image;

  # Evaluation fetches the config for it.
  process = import ./process.nix imageConfig;

  # systemd's names of units have fewer characters than those of store paths.
  serviceName = concatStringsSep "_" (filter isString (split "[^a-zA-Z0-9._-]" (named "")));

  # The lines of a unit.
  settings =
    section:
    concatMap (
      key:
      map
        (value: {
          inherit key;
          value = if isBool value then (if value then "yes" else "no") else value;
        })
        (if isList section.${key} then section.${key} else [ section.${key} ])
    ) (attrNames section);
in
main
// {
  # services.k3s.images links archives by name, so the name must be unique.
  archive = shape "archive" (
    madeOfParts // { name = storeName "docker-image-${reference}.tar" (named ".tar"); }
  );

  # arion checks isExe, as streams of dockerTools have it.
  stream = shape "stream" (madeOfImage // runsHocker // { name = named "-stream"; }) // {
    isExe = true;
  };

  oci = shape "oci" (madeOfImage // { name = named "-oci"; });

  load = shape "load" (madeOfImage // runsHocker // { name = named "-load"; }) // {
    meta.mainProgram = "load";
  };

  nix2container = shape "nix2container" (madeOfImage // { name = named "-nix2container.json"; });

  erofs = eachLayer;

  podmanStore = makePodmanStore (named "-podman-store") [ eachLayer ] // facts;

  inherit rootfs service bundle;
}
