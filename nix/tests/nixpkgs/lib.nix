# A stub of nixpkgs' lib: the functions that hocker's Nix files use.
let
  inherit (builtins)
    any
    attrNames
    concatLists
    elem
    filter
    foldl'
    isList
    listToAttrs
    map
    mapAttrs
    pathExists
    removeAttrs
    stringLength
    substring
    ;

  isBelow = folder: path: substring 0 (stringLength folder + 1) path == "${folder}/";
in
import ./modules.nix
// {
  inherit concatLists mapAttrs;

  optional = condition: value: if condition then [ value ] else [ ];
  optionals = condition: list: if condition then list else [ ];
  optionalString = condition: text: if condition then text else "";
  optionalAttrs = condition: set: if condition then set else { };

  hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
  removePrefix =
    prefix: text:
    if substring 0 (stringLength prefix) text == prefix then
      substring (stringLength prefix) (-1) text
    else
      text;
  removeSuffix =
    suffix: text:
    let
      length = stringLength text - stringLength suffix;
    in
    if length >= 0 && substring length (-1) text == suffix then substring 0 length text else text;

  # The version of a package, which its name may have.
  getVersion = package: package.version or (builtins.parseDrvName package.name).version;
  versionAtLeast = version: other: builtins.compareVersions version other >= 0;

  unique = foldl' (seen: value: if elem value seen then seen else seen ++ [ value ]) [ ];

  nameValuePair = name: value: { inherit name value; };
  mapAttrs' = f: set: listToAttrs (map (name: f name set.${name}) (attrNames set));
  mapAttrsToList = f: set: map (name: f name set.${name}) (attrNames set);

  filterAttrs =
    keep: set: removeAttrs set (filter (name: !keep name set.${name}) (attrNames set));

  genAttrs =
    names: f:
    listToAttrs (
      map (name: {
        inherit name;
        value = f name;
      }) names
    );

  # A file set is a list of paths here.
  fileset = {
    unions =
      files:
      concatLists (
        map (
          file:
          if isList file then
            file
          else if pathExists file then
            [ file ]
          else
            throw "lib.fileset.unions: ${toString file} does not exist"
        ) files
      );

    maybeMissing = file: if pathExists file then [ file ] else [ ];

    toSource =
      { root, fileset }:
      let
        files = map toString fileset;
      in
      {
        outPath = builtins.path {
          name = "source";
          path = root;
          filter =
            path: type: any (file: path == file || isBelow file path || isBelow path file) files;
        };
      };
  };

  licenses = {
    asl20.spdxId = "Apache-2.0";
    bsd3.spdxId = "BSD-3-Clause";
  };

  platforms = {
    linux = [
      "x86_64-linux"
      "aarch64-linux"
    ];
    darwin = [
      "x86_64-darwin"
      "aarch64-darwin"
    ];
  };
}
