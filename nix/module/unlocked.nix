# The message for containers whose images are not locked, with the command that
# locks them all.
{
  lib,
  # The lock file, and the result of locked.nix for it.
  lockFile,
  locks,
  # The system that runs the images.
  system,
  # The names of the images that are used.
  used,
}:
# The containers, as { name, image }.
containers:
let
  inherit (builtins)
    all
    attrNames
    baseNameOf
    concatStringsSep
    elem
    elemAt
    filter
    head
    length
    map
    match
    ;

  inherit (import ../reference.nix) parse;

  # Without the hash of a store path.
  file = elemAt (match "([0-9a-z]{32}-)?(.*)" (baseNameOf (toString lockFile))) 1;

  platform = head (match "([^(]*).*" (import ../platforms.nix).${system});

  # Containers may share an image. It is named after the first of them.
  images = map (image: head (filter (container: container.image == image) containers)) (
    lib.unique (map (container: container.image) containers)
  );

  # Unused images of the same repository: the configuration has a new tag.
  predecessors =
    container:
    let
      wanted = parse container.image;
    in
    filter (
      name: !elem name used && wanted != null && locks.locked.${name}.image.imageName == wanted.name
    ) (attrNames locks.locked);

  argument =
    container:
    let
      found = predecessors container;
      name = if found == [ ] then container.name else head found;
    in
    # Not every container name is a valid name in the lock file.
    if match "[a-zA-Z_][a-zA-Z0-9_-]*" name == null then
      container.image
    else
      "${name}=${container.image}";

  command = concatStringsSep " " (
    [ "hocker lock add" ]
    ++ lib.optional (file != "hocker.lock.json") "--file ${file}"
    # An image that replaces another one keeps its platforms.
    ++ lib.optional (!all (container: predecessors container != [ ]) images) "--platform ${platform}"
    ++ map argument images
  );

  describe =
    container:
    let
      systems = locks.systemsOf container.image;
      place = if systems == [ ] then "" else " (only for ${concatStringsSep ", " systems})";
    in
    "  ${container.name}: ${container.image}${place}";

  one = length containers == 1;
in
''
  virtualisation.hocker: ${file} ${
    if locks.exists then "does not lock" else "does not exist (or git does not track it). It must lock"
  } the ${if one then "image of this container" else "images of these containers"}:
  ${concatStringsSep "\n" (map describe containers)}
  To lock ${if one then "it" else "them"}, run:
    ${command}
  To let a container pull its image, name it in virtualisation.hocker.exceptions.''
