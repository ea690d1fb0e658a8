# Tests of the functions and modules by evaluation, without a build:
#
#   nix-instantiate --eval --strict nix/tests/eval.nix
#
# This prints a sentence, or throws an error that names every failed case. Nix cannot
# read the message of an error that it catches; the end-to-end tests read those.
let
  inherit (builtins)
    attrNames
    concatStringsSep
    filter
    length
    map
    toJSON
    ;

  cases =
    import ./eval/hash.nix
    // import ./eval/blobs.nix
    // import ./eval/images.nix
    // import ./eval/lock.nix
    // import ./eval/reference.nix
    // import ./eval/module.nix
    // import ./eval/zero-copy.nix
    // import ./eval/home.nix;

  failed = filter (name: cases.${name}.expr != cases.${name}.expected) (attrNames cases);

  report =
    name: "${name}: ${toJSON cases.${name}.expr}, expected ${toJSON cases.${name}.expected}";
in
if failed == [ ] then
  "${toString (length (attrNames cases))} evaluation tests passed"
else
  throw "evaluation tests failed:\n${concatStringsSep "\n" (map report failed)}"
