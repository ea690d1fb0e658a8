# Parses references as engines do: `nginx`, `docker.io/library/nginx:latest` and
# `docker://nginx` name the same image.
let
  inherit (builtins)
    elemAt
    head
    match
    ;

  inherit (import ./names.nix) familiarName splitReference;

  # The part before the first slash is a registry only if it looks like a host.
  splitRegistry = match "([^/]*[.:][^/]*|localhost)/(.+)";

  # `library` may be missing: familiarName omits it.
  splitPath =
    path:
    let
      parts = match "(.*)/([^/]*)" path;
    in
    if parts == null then
      {
        repository = "";
        imageName = path;
      }
    else
      {
        repository = head parts;
        imageName = elemAt parts 1;
      };
in
{
  # The familiar name, tag and digest of a reference; null if it is not a reference.
  # Without a digest, `digest` is null and `tag` is the tag to load under.
  parse =
    reference:
    let
      parts = match "(docker://)?([][a-zA-Z0-9.:/_-]+)(@(sha256:[0-9a-f]{64}))?" reference;
      tagged = splitReference (elemAt parts 1);
      host = splitRegistry tagged.name;
      path = splitPath (if host == null then tagged.name else elemAt host 1);
    in
    if parts == null then
      null
    else
      {
        name = familiarName "hocker" (
          if host == null then "docker.io" else head host
        ) path.repository path.imageName;
        inherit (tagged) tag;
        digest = elemAt parts 3;
      };

  # The name with its registry: docker.io/library/nginx for nginx. podman finds an
  # image under this name regardless of registries.conf.
  fullName =
    name:
    if splitRegistry name != null then
      name
    else if match ".*/.*" name != null then
      "docker.io/${name}"
    else
      "docker.io/library/${name}";
}
