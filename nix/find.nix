# Finds images of a lock file by their references. References with the same key name the
# same image: nginx:1.29, or nginx@sha256:… with a digest, by which the tag does not count.
let
  inherit (builtins)
    attrValues
    concatMap
    map
    match
    ;

  inherit (import ./names.nix)
    dockerHub
    familiarName
    loadedTag
    splitReference
    ;
  inherit (import ./reference.nix) parse;

  # The references to an image of a lock file: its own, and `as`.
  referencesOf =
    image:
    [
      {
        name = familiarName "hocker" image.registry image.repository image.imageName;
        tag = loadedTag image.tag;
      }
    ]
    ++ (if image ? as then [ (splitReference image.as) ] else [ ]);

  digestsOf =
    image:
    (if image ? index then [ image.index.digest ] else [ ])
    ++ map (platform: platform.manifest.digest) (attrValues image.platforms);

  # A familiar name and its longer forms.
  formsOf =
    name:
    let
      path = [ name ] ++ (if match "[^/]*" name != null then [ "library/${name}" ] else [ ]);
    in
    if match "([^/]*[.:][^/]*|localhost)/.*" name != null then
      [ name ]
    else
      path ++ concatMap (host: map (form: "${host}/${form}") path) dockerHub;
in
{
  # The key of a reference, or null if it is not one.
  keyOf =
    written:
    let
      wanted = parse written;
    in
    if wanted == null then
      null
    else if wanted.digest == null then
      "${wanted.name}:${wanted.tag}"
    else
      "${wanted.name}@${wanted.digest}";

  # The keys of an image of a lock file.
  keysOf =
    image:
    concatMap (
      reference:
      [ "${reference.name}:${reference.tag}" ]
      ++ map (digest: "${reference.name}@${digest}") (digestsOf image)
    ) (referencesOf image);

  # The usual spellings of the references to an image.
  spellingsOf =
    image:
    concatMap (
      reference:
      let
        digests = digestsOf image;
        endings = [
          ":${reference.tag}"
        ]
        ++ (if reference.tag == "latest" then [ "" ] else [ ])
        ++ concatMap (digest: [
          "@${digest}"
          ":${reference.tag}@${digest}"
        ]) digests;
      in
      concatMap (form: map (ending: "${form}${ending}") endings) (formsOf reference.name)
    ) (referencesOf image);
}
