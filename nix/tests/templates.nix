# Evaluates the flakes of templates/ as they come, for one system: the
# derivations that they lead to, by template. Nothing is built.
#
#   import ./templates.nix { inherit nixpkgs hocker; system = "x86_64-linux"; }
{
  # The flakes that stand for the templates' inputs.
  nixpkgs,
  hocker,
  system,
}:
let
  inherit (builtins) mapAttrs unsafeDiscardStringContext;

  # What a template leads to; one that is missing here fails the evaluation.
  outputs = {
    image = flake: flake.packages.${system}.default;
    lock = flake: flake.packages.${system}.default;
    nixos = flake: flake.nixosConfigurations.host.config.system.build.toplevel;
  };

  evaluate =
    name: template:
    let
      flake = (import "${template.path}/flake.nix").outputs {
        self = flake;
        inherit nixpkgs hocker;
      };
    in
    unsafeDiscardStringContext (outputs.${name} flake).drvPath;
in
mapAttrs evaluate (removeAttrs hocker.templates [ "default" ])
