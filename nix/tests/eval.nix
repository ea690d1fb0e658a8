# Evaluation tests of the fetch functions, without a build:
#
#   nix-instantiate --eval --strict nix/tests/eval.nix
#
# A sentence where all is well; otherwise an error that names every case whose
# value is not the expected one. The words of the errors that the functions
# themselves throw cannot be seen from inside: the end-to-end tests read them.
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
    // import ./eval/home.nix;

  failed = filter (name: cases.${name}.expr != cases.${name}.expected) (attrNames cases);

  report =
    name: "${name}: ${toJSON cases.${name}.expr}, expected ${toJSON cases.${name}.expected}";
in
if failed == [ ] then
  "${toString (length (attrNames cases))} evaluation tests passed"
else
  throw "evaluation tests failed:\n${concatStringsSep "\n" (map report failed)}"
