# A layer, config or manifest of an image as a fixed-output derivation whose
# builder is hocker.
{
  # Path of the hocker binary that downloads the blob.
  builder,
  # As in fetchdocker.nix.
  system,
  mirrors,
}:
let
  inherit (builtins)
    concatStringsSep
    filter
    findFile
    head
    isInt
    match
    seq
    substring
    toJSON
    ;

  inherit (import ./hash.nix) toHex;
  inherit (import ./names.nix) checkRegistry isUnset storeName;

  # Taken from the environment of the Nix daemon, or from the caller's if it opens
  # the store itself. The `impure-env` setting overrides both.
  impureEnvVars = [
    "DOCKER_USER"
    "DOCKER_PASS"
    "DOCKER_TOKEN"
    "DOCKER_REGISTRY"
    "DOCKER_AUTH_CONFIG"
    "http_proxy"
    "https_proxy"
    "all_proxy"
    "no_proxy"
    "HTTP_PROXY"
    "HTTPS_PROXY"
    "ALL_PROXY"
    "NO_PROXY"
    "SSL_CERT_FILE"
    "NIX_SSL_CERT_FILE"
    "HOCKER_MIRRORS"
    "HOCKER_MAX_TIME"
    "HOCKER_ALLOW_ADDRESSES"
  ];

  # `nix-build -I DOCKER_CREDENTIALS=FILE` names a credentials file. The builder
  # gets only its name: interpolating the path would copy the secret into the
  # store. An absolute path may exist only in the sandbox, so it is not looked up.
  # In pure evaluation, NIX_PATH is empty.
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

  checkedMirrors =
    let
      list = concatStringsSep "," mirrors;
    in
    # Do not quote the mirror: a user name and a password may precede the @.
    if match ".*@.*" list == null then
      list
    else
      throw "hocker: a mirror contains an @, expected REGISTRY=https://HOST[:PORT]/v2/ without credentials, because the store is world-readable: pass them in a credentials file";
in
# `function` is the name of the caller, for messages. `kind` is layer, config or
# manifest.
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
  size ? null,
  maxSize ? null,
}:
let
  which = if isUnset hash then "sha256" else "hash";
  outputHash =
    if isUnset sha256 && isUnset hash then
      throw "${function}: ${imageName} has no hash, expected sha256 or hash: use the digest in the image's manifest, or let docker2nix write the expression"
    else if isUnset hash then
      sha256
    else if isUnset sha256 then
      hash
    else
      throw "${function}: ${imageName} has sha256 = ${toJSON sha256} and hash = ${toJSON hash}, expected only one: remove the other";

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
      throw "${function}: layerDigest = ${toJSON layerDigest} does not match ${which} = ${toJSON outputHash}, which is ${hex}, expected the same digest: omit layerDigest, or run docker2nix again";
  checkBytes =
    argument: value:
    if isInt value && value >= 0 then
      value
    else
      throw "${function}: ${imageName} has ${argument} = ${toJSON value}, expected a number of bytes";
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
    # Download on the machine that needs the blob, with its credentials.
    preferLocalBuild = true;
  }
  // dockerCredentials
  // (if mirrors == [ ] then { } else { hockerMirrors = checkedMirrors; })
  // (if isUnset layerDigest then { } else { layerDigest = layerHex; })
  # They bound the download. Only the name and the hash determine the output's path.
  // (if size == null then { } else { size = checkBytes "size" size; })
  // (if maxSize == null then { } else { maxSize = checkBytes "maxSize" maxSize; })
)
// {
  digest = seq checked "sha256:${hex}";
}
