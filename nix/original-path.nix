# Where a file is that Nix may have copied into the store: its path below the folder that
# was copied, or its name if it was copied alone. Any other path stays as it is.
path:
let
  inherit (builtins) head match storeDir;

  below = match "${storeDir}/[^/]+/(.*)" path;
  alone = match "${storeDir}/[0-9a-z]+-([^/]+)" path;
in
if below != null then
  head below
else if alone != null then
  head alone
else
  path
