{
  description = "A container image, pinned by its digests";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixpkgs-unstable";
  inputs.hocker.url = "github:OWNER/hocker";
  inputs.hocker.inputs.nixpkgs.follows = "nixpkgs";

  outputs =
    { nixpkgs, hocker, ... }:
    let
      eachSystem = nixpkgs.lib.genAttrs [
        "x86_64-linux"
        "aarch64-linux"
        "x86_64-darwin"
        "aarch64-darwin"
      ];
    in
    {
      packages = eachSystem (
        system:
        let
          pkgs = import nixpkgs {
            inherit system;
            overlays = [ hocker.overlays.default ];
          };
        in
        rec {
          default = debian;
          debian = pkgs.callPackage ./debian.nix { };
        }
      );

      # nix run .#docker2nix -- --out debian.nix debian:bookworm
      inherit (hocker) apps;
    };
}
