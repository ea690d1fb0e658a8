# Evaluates the flakes of templates/ as they come, for one system: the
# derivations that they lead to, by template; of a host, which has no image yet,
# what it asks for. Nothing is built.
#
#   import ./templates.nix { inherit nixpkgs hocker; system = "x86_64-linux"; }
{
  # The flakes that stand for the templates' inputs.
  nixpkgs,
  hocker,
  system,
}:
let
  inherit (builtins)
    filter
    map
    mapAttrs
    unsafeDiscardStringContext
    ;

  drvPath = derivation: unsafeDiscardStringContext derivation.drvPath;

  # What a template leads to; one that is missing here fails the evaluation.
  outputs = {
    image = flake: drvPath flake.packages.${system}.default;
    lock = flake: drvPath flake.packages.${system}.default;
    nixos =
      flake:
      map (assertion: assertion.message) (
        filter (assertion: !assertion.assertion) flake.nixosConfigurations.host.config.assertions
      );
  };

  evaluate =
    name: template:
    let
      flake = (import "${template.path}/flake.nix").outputs {
        self = flake;
        inherit nixpkgs hocker;
      };
    in
    outputs.${name} flake;
in
mapAttrs evaluate (removeAttrs hocker.templates [ "default" ])
