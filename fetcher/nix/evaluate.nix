# The images that an expression makes, as data. Each of the functions that it
# takes returns its own arguments; they are those of nix/fetchdocker.nix.
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
    hockerBlobs = [ (mapAttrs (checkText function) arguments // { inherit kind; }) ];
    digest = if isNull (arguments.sha256 or null) then arguments.hash or null else arguments.sha256;
  };

  checkText =
    function: name: value:
    if value == null || isString value then
      value
    else
      throw "${function}: ${name} is of type ${typeOf value}, expected a string";

  # All shapes of an image are made of the same blobs.
  shapes = [
    "archive"
    "load"
    "oci"
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
      }:
      let
        # A part may be any file: there is nothing to fetch of one that no
        # function has fetched.
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

  # Calls a function as nix-build does, which gives it what has no default.
  call =
    function:
    let
      arguments = functionArgs function;
      unknown = filter (name: !arguments.${name} && !functions ? ${name}) (attrNames arguments);
    in
    if unknown != [ ] then
      throw "it takes ${concatStringsSep " and " unknown}, and hocker has ${concatStringsSep ", " (attrNames functions)} to give: let it have a default"
    else if arguments == { } then
      function functions
    else
      function (intersectAttrs arguments functions);

  # The images in a value, with the names that lead to them.
  imagesIn =
    path: value:
    if length path > 8 then
      throw "there is no end to ${concatStringsSep "." path}"
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
