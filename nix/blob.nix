# A blob of an image: a layer, a config or a manifest, as a fixed-output
# derivation whose builder is hocker.
{
  # The path of the hocker binary that fetches.
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
    match
    seq
    substring
    toJSON
    ;

  inherit (import ./hash.nix) toHex;
  inherit (import ./names.nix) checkRegistry isUnset storeName;

  # Of the caller where it opens the store itself, of the daemon where it does
  # not; an entry of the `impure-env` setting comes before both.
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

  checkedMirrors =
    let
      list = concatStringsSep "," mirrors;
    in
    # A name and a password may stand before the @: they are not repeated.
    if match ".*@.*" list == null then
      list
    else
      throw "hocker: one of the mirrors has an @ in it, expected REGISTRY=https://HOST[:PORT]/v2/ without credentials, since every user can read the store: give them in a credentials file";
in
# `function` is who asks, for messages; `kind` is layer, config or manifest.
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
  // (if mirrors == [ ] then { } else { hockerMirrors = checkedMirrors; })
  // (if isUnset layerDigest then { } else { layerDigest = layerHex; })
)
// {
  digest = seq checked "sha256:${hex}";
}
