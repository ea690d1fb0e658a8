# Evaluates the unchanged flakes of templates/ for one system. The result has, for each
# template, the path of its derivation, or the failed assertions of the host, whose
# image is not locked yet. Nothing is built.
#
#   import ./templates.nix { inherit nixpkgs hocker; system = "x86_64-linux"; }
{
  # Stubs of the templates' inputs.
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

  # The result of each template. A template that is missing here is an error.
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
