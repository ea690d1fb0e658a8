{
  description = "Container images, locked by their digests";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixpkgs-unstable";
  inputs.hocker.url = "github:OWNER/hocker";
  inputs.hocker.inputs.nixpkgs.follows = "nixpkgs";

  outputs =
    { nixpkgs, hocker, ... }:
    let
      inherit (nixpkgs) lib;

      eachSystem = lib.genAttrs [
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
          lock = pkgs.fetchdockerLock ./hocker.lock.json;

          # The images that are locked for this system. A Mac runs Linux images.
          linux = builtins.replaceStrings [ "darwin" ] [ "linux" ] system;
          locked = lib.filterAttrs (_: platforms: platforms ? ${linux}) lock.platforms;
          images = lib.mapAttrs (_: platforms: platforms.${linux}) locked;

          nothingLocked = pkgs.runCommand "nothing-locked" { } ''
            echo 'hocker.lock.json has no image for ${linux}: run `nix run .#hocker -- lock add debian:bookworm`' >&2
            exit 1
          '';
        in
        {
          # A folder with all images, by name.
          default = if images == { } then nothingLocked else pkgs.linkFarm "images" images;
        }
        // images
      );

      # nix run .#hocker -- lock add debian:bookworm
      inherit (hocker) apps;
    };
}
