{
  description = "hocker: container images in the Nix store, layer by layer, locked by their registry digests";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixpkgs-unstable";

  # Every output imports a file that also works without flakes.
  outputs =
    { self, nixpkgs }:
    let
      eachSystem =
        f:
        nixpkgs.lib.genAttrs [
          "x86_64-linux"
          "aarch64-linux"
          "x86_64-darwin"
          "aarch64-darwin"
        ] (system: f nixpkgs.legacyPackages.${system} self.packages.${system}.hocker);
    in
    {
      # hocker and the fetch functions, for `import nixpkgs { overlays = [ … ]; }`.
      overlays.default = import ./nix/overlay.nix;

      # The fetch functions, without the overlay:
      #   import ./debian.nix { inherit (hocker.lib.${system}) fetchDockerConfig …; }
      lib = eachSystem (
        pkgs: hocker:
        import ./nix/fetchdocker.nix {
          inherit hocker;
          inherit (pkgs.stdenv.hostPlatform) system;
          erofsUtils = pkgs.erofs-utils;
        }
      );

      # Containers from a lock file: virtualisation.hocker.lockFile = ./hocker.lock.json;
      nixosModules.default.imports = [ ./nix/module.nix ];
      homeModules.default.imports = [ ./nix/home-module.nix ];

      packages = eachSystem (
        pkgs: hocker: {
          default = hocker;
          hocker = pkgs.callPackage ./nix/package.nix { };
        }
      );

      apps = eachSystem (
        pkgs: package:
        let
          app = name: description: {
            type = "app";
            program = "${package}/bin/${name}";
            meta = { inherit description; };
          };
        in
        rec {
          default = hocker;
          hocker = app "hocker" package.meta.description;
          docker2nix = app "docker2nix" "Write the Nix expression for an image";
        }
      );

      # nix flake init -t github:OWNER/hocker#lock
      templates = import ./templates;

      checks = eachSystem (
        pkgs: hocker:
        # Needs a virtual machine.
        nixpkgs.lib.optionalAttrs pkgs.stdenv.hostPlatform.isLinux {
          vm = import ./nix/tests/vm.nix { inherit pkgs hocker; };
        }
        // {
          # Runs the unit tests.
          inherit hocker;

          # The version that hocker prints, and an image made from files.
          inherit (hocker.tests) image version;

          evaluation = pkgs.writeText "hocker-evaluation-tests" (import ./nix/tests/eval.nix);

          # docs/nixos-options.md matches the options of the modules.
          options = pkgs.runCommand "hocker-options-test" { } ''
            cmp ${pkgs.writeText "nixos-options.md" (import ./nix/options-doc.nix { inherit (nixpkgs) lib; })} ${./docs/nixos-options.md}
            touch "$out"
          '';

          # The overlay evaluates an expression from docker2nix. The image is not built,
          # because that needs a registry.
          overlay =
            let
              extended = pkgs.extend self.overlays.default;
              image = extended.callPackage ./nix/tests/consumer/debian.nix { };
            in
            pkgs.writeText "hocker-overlay-test" (builtins.unsafeDiscardStringContext image.drvPath);

          # The templates evaluate before anything is locked. An end-to-end test does
          # the rest.
          templates = pkgs.writeText "hocker-templates-test" (
            builtins.toJSON (
              import ./nix/tests/templates.nix {
                inherit nixpkgs;
                inherit (pkgs.stdenv.hostPlatform) system;
                hocker = self;
              }
            )
          );
        }
      );

      devShells = eachSystem (
        pkgs: hocker: {
          default = pkgs.mkShell {
            inputsFrom = [ hocker ];
            packages = [
              pkgs.go-tools
              pkgs.gopls
              pkgs.nixfmt
              pkgs.skopeo
            ];
          };
        }
      );

      formatter = eachSystem (pkgs: hocker: pkgs.nixfmt-tree);
    };
}
