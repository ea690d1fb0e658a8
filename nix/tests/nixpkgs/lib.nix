# Of nixpkgs' lib, what hocker's Nix files use.
let
  inherit (builtins)
    any
    attrNames
    concatLists
    filter
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
{
  inherit mapAttrs;

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
