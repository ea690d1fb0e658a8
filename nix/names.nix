# Names of registries, images and store paths.
let
  inherit (builtins)
    concatStringsSep
    elem
    elemAt
    filter
    head
    isList
    map
    match
    seq
    split
    stringLength
    substring
    toJSON
    ;

  # The hosts of Docker Hub, which image names omit.
  dockerHub = [
    "docker.io"
    "index.docker.io"
    "registry-1.docker.io"
    "registry.hub.docker.com"
  ];

  # HOST[:PORT] of a registry. `function` starts the error message.
  hostOf =
    function: registry:
    let
      parts = match "(https?://)?([^/@[:space:]]*[^/@:[:space:]])(/[^@[:space:]]*)?" registry;
    in
    if parts != null then
      elemAt parts 1
    # Do not quote the registry: a user name and a password may precede the @.
    else if match ".*@.*" registry != null then
      throw "${function}: registry contains an @, expected https://HOST[:PORT]/v2/ without credentials, because the store is world-readable: pass them as DOCKER_USER and DOCKER_PASS or in a credentials file"
    else
      throw "${function}: registry = ${toJSON registry} is not a registry, expected https://HOST[:PORT]/v2/: omit it for Docker Hub";

  # The host as hocker prints it, without the default port: 80 for plain http, which
  # is the default on loopback hosts, else 443. A port stays if the name would not be
  # a host without it.
  shortHost =
    registry: host:
    let
      parts = match "([^[:space:]]*[].][^[:space:]]*|localhost):(80|443)" host;
      loopback =
        match "localhost|127\\.[0-9.]*|\\[::1]" (elemAt parts 0) != null;
      left =
        if elemAt parts 1 == "443" then
          !loopback
        else
          loopback || match "http://.*" registry != null;
    in
    if parts != null && left then elemAt parts 0 else host;
in
{
  inherit dockerHub;

  # null and "" both mean that an argument is not set: the functions of nixpkgs used
  # "" as the default.
  isUnset = value: value == null || value == "";

  # The registry, if it is valid.
  checkRegistry = function: registry: seq (hostOf function registry) registry;

  # The short name of an image, without its tag: debian, org/app, host:5000/app.
  familiarName =
    function: registry: repository: imageName:
    let
      host = shortHost registry (hostOf function registry);
      parts =
        if !(elem host dockerHub) then
          [
            host
            repository
            imageName
          ]
        else if repository == "library" then
          [ imageName ]
        else
          [
            repository
            imageName
          ];
    in
    concatStringsSep "/" (filter (part: part != "") parts);

  # The tag to load an image under. Engines do not load an image by digest, so the hex
  # digits of a digest become the tag.
  loadedTag =
    tag:
    let
      digest = match "[^:]*:(.*)" tag;
    in
    if digest == null then tag else head digest;

  # Splits a reference into name and tag. As in engines, the default tag is latest,
  # and a colon before the last slash belongs to a port.
  splitReference =
    reference:
    let
      parts = match "(.*):([^/:]*)" reference;
    in
    {
      name = if parts == null then reference else head parts;
      tag = if parts == null then "latest" else elemAt parts 1;
    };

  # The name with "_" for every character that is not allowed in store paths, or
  # `otherwise` if it is too long. The limit is 211 characters, and the derivation
  # needs four of them for ".drv".
  storeName =
    name: otherwise:
    let
      clean =
        if match "[a-zA-Z0-9+._?=-]*" name != null then
          name
        else
          concatStringsSep "" (
            map (part: if isList part then "_" else part) (split "[^a-zA-Z0-9+._?=-]" name)
          );
    in
    if stringLength clean > 207 then
      otherwise
    else if substring 0 1 clean == "." then
      "_${clean}"
    else
      clean;
}
