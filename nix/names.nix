# What registries, images and store paths are called.
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

  # The hosts of the one registry that an image's name leaves out.
  dockerHub = [
    "docker.io"
    "index.docker.io"
    "registry-1.docker.io"
    "registry.hub.docker.com"
  ];

  # HOST[:PORT] of a registry. `function` begins the sentence if it is none.
  hostOf =
    function: registry:
    let
      parts = match "(https?://)?([^/@[:space:]]*[^/@:[:space:]])(/[^@[:space:]]*)?" registry;
    in
    if parts != null then
      elemAt parts 1
    # A name and a password may stand before the @: they are not repeated.
    else if match ".*@.*" registry != null then
      throw "${function}: registry has an @ in it, expected https://HOST[:PORT]/v2/ without credentials, since every user can read the store: give them as DOCKER_USER and DOCKER_PASS or in a credentials file"
    else
      throw "${function}: registry = ${toJSON registry} is no registry, expected https://HOST[:PORT]/v2/: leave it out for Docker Hub";

  # The host as hocker prints it: without the port that it has anyway, which is
  # 80 where plain http is spoken, as it is on this machine. A host that would be
  # none in a name without its port keeps it.
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
  # null and "" both mean that an argument is not given: the functions of
  # nixpkgs had "" where these have null.
  isUnset = value: value == null || value == "";

  # The registry itself, if it is one.
  checkRegistry = function: registry: seq (hostOf function registry) registry;

  # What people call an image, without its tag: debian, org/app, host:5000/app.
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

  # The tag under which an image is loaded. None can be loaded by its digest: it
  # gets the digest's digits for a tag.
  loadedTag =
    tag:
    let
      digest = match "[^:]*:(.*)" tag;
    in
    if digest == null then tag else head digest;

  # A reference in its two parts. As engines do it, the tag is latest where there
  # is none; a colon before the last slash is a port's.
  splitReference =
    reference:
    let
      parts = match "(.*):([^/:]*)" reference;
    in
    {
      name = if parts == null then reference else head parts;
      tag = if parts == null then "latest" else elemAt parts 1;
    };

  # The name with "_" for what a store path's name cannot have, or the other
  # name where it is too long (a path's name has 211 characters, four of them
  # for the ".drv" of the derivation).
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
