# A flake that uses hocker. The tests replace both inputs.
{
  description = "An image from a registry, in a flake";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixpkgs-unstable";
    hocker.url = "git+https://git.example/hocker";
    hocker.inputs.nixpkgs.follows = "nixpkgs";
  };

  outputs =
    {
      self,
      nixpkgs,
      hocker,
    }:
    let
      system = "x86_64-linux";
      pkgs = import nixpkgs {
        inherit system;
        overlays = [ hocker.overlays.default ];
      };
    in
    {
      packages.${system} = {
        default = self.packages.${system}.debian;

        # With the overlay.
        debian = pkgs.callPackage ./debian.nix { };

        # Without it.
        debian-by-lib = import ./debian.nix {
          inherit (hocker.lib.${system}) fetchDockerConfig fetchDockerLayer fetchdocker;
        };
      };
    };
}
