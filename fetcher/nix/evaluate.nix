# Returns the images that an expression makes, as data. Each function passed to the
# expression has the arguments of nix/fetchdocker.nix and returns them.
{ file }:
let
  inherit (builtins)
    attrNames
    concatLists
    concatStringsSep
    filter
    functionArgs
    intersectAttrs
    isAttrs
    isFunction
    isInt
    isList
    isNull
    isString
    length
    listToAttrs
    map
    mapAttrs
    typeOf
    ;

  blob = function: kind: arguments: {
    hockerBlobs = [ (mapAttrs (checkArgument function) arguments // { inherit kind; }) ];
    digest = if isNull (arguments.sha256 or null) then arguments.hash or null else arguments.sha256;
  };

  checkArgument =
    function: name: value:
    if name == "size" || name == "maxSize" then
      checkBytes function name value
    else
      checkText function name value;

  checkBytes =
    function: name: value:
    if value == null || isInt value && value >= 0 then
      value
    else
      throw "${function}: ${name} is not a number of bytes";

  checkText =
    function: name: value:
    if value == null || isString value then
      value
    else
      throw "${function}: ${name} is of type ${typeOf value}, expected a string";

  # Every shape of an image has the same blobs.
  shapes = [
    "archive"
    "erofs"
    "load"
    "nix2container"
    "oci"
    "podmanStore"
    "stream"
  ];

  functions = {
    fetchDockerLayer =
      {
        registry ? null,
        repository ? null,
        imageName,
        layerDigest ? null,
        sha256 ? null,
        hash ? null,
        tag ? null,
        name ? null,
        size ? null,
        maxSize ? null,
      }@arguments:
      blob "fetchDockerLayer" "layer" arguments;

    fetchDockerConfig =
      {
        registry ? null,
        repository ? null,
        imageName,
        tag,
        sha256 ? null,
        hash ? null,
        name ? null,
        size ? null,
      }@arguments:
      blob "fetchDockerConfig" "config" arguments;

    fetchDockerManifest =
      {
        registry ? null,
        repository ? null,
        imageName,
        tag,
        sha256 ? null,
        hash ? null,
        name ? null,
      }@arguments:
      blob "fetchDockerManifest" "manifest" arguments;

    fetchdocker =
      {
        name,
        registry ? null,
        repository ? null,
        imageName,
        tag,
        imageConfig,
        imageLayers,
        imageManifest ? null,
        imageDigest ? null,
        image ? null,
        platform ? null,
        verify ? true,
        erofsCompression ? null,
        maxUnpacked ? null,
      }:
      let
        # A part may be any file. Only what a fetch function returned is fetched.
        blobs = concatLists (
          map (part: part.hockerBlobs or [ ]) (
            [
              imageManifest
              imageConfig
            ]
            ++ imageLayers
          )
        );
        made = {
          hockerBlobs = blobs;
          hockerDigest = checkText "fetchdocker" "imageDigest" imageDigest;
          config = imageConfig;
          layers = imageLayers;
          manifest = imageManifest;
          inherit imageDigest;
        };
      in
      made
      // listToAttrs (
        map (name: {
          inherit name;
          value = made;
        }) shapes
      );
  };

  # Calls a function as nix-build does: with the arguments it has, by name.
  call =
    function:
    let
      arguments = functionArgs function;
      unknown = filter (name: !arguments.${name} && !functions ? ${name}) (attrNames arguments);
    in
    if unknown != [ ] then
      throw "hocker cannot pass the argument ${concatStringsSep " and " unknown}: give it a default (hocker passes ${concatStringsSep ", " (attrNames functions)})"
    else if arguments == { } then
      function functions
    else
      function (intersectAttrs arguments functions);

  # The images in a value, with the names that lead to them.
  imagesIn =
    path: value:
    if length path > 8 then
      throw "attributes nest without end: ${concatStringsSep "." path}"
    else if isFunction value then
      imagesIn path (call value)
    else if isList value then
      concatLists (map (imagesIn path) value)
    else if !isAttrs value || value.type or null == "derivation" then
      [ ]
    else if value ? hockerBlobs then
      [
        {
          inherit path;
          blobs = value.hockerBlobs;
          digest = value.hockerDigest or null;
        }
      ]
    else
      concatLists (map (name: imagesIn (path ++ [ name ]) value.${name}) (attrNames value));
in
imagesIn [ ] (import file)
