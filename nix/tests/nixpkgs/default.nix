# A stub of nixpkgs for tests without a network: enough to evaluate and build hocker's
# flake.nix, overlay.nix, package.nix and templates.
#
# A test copies this folder and adds two static binaries, prebuilt/bin/hocker and
# prebuilt/bin/busybox. buildGoModule then "builds" that hocker, and runs the package's
# postBuild and postInstall for real, with a "go" that writes one manual page.
{
  system ? builtins.currentSystem,
  overlays ? [ ],
}:
let
  lib = import ./lib.nix;

  inherit (builtins)
    attrValues
    concatStringsSep
    foldl'
    functionArgs
    intersectAttrs
    isFunction
    mapAttrs
    ;

  prebuilt =
    if builtins.pathExists ./prebuilt/bin/hocker && builtins.pathExists ./prebuilt/bin/busybox then
      ./prebuilt
    else
      throw "the stub of nixpkgs lacks its binaries: copy ${toString ./.} and add prebuilt/bin/hocker and prebuilt/bin/busybox, which must be static";

  # A derivation that runs a shell script with the environment `env`.
  runScript =
    name: env: script:
    derivation (
      env
      // {
        inherit name system;
        builder = "${prebuilt}/bin/busybox";
        args = [
          "sh"
          "-euc"
          ''
            busybox=${prebuilt}/bin/busybox
            $busybox mkdir -p "$TMPDIR/bin"
            $busybox --install -s "$TMPDIR/bin"
            export PATH=$TMPDIR/bin
            ${script}
          ''
        ];
      }
    );

  buildGoModule =
    recipe:
    let
      arguments =
        if isFunction recipe then recipe (arguments // { finalPackage = package; }) else recipe;
      package =
        runScript "${arguments.pname}-${arguments.version}"
          {
            inherit (arguments) pname src vendorHash;
            inherit (arguments.env) CGO_ENABLED;
          }
          ''
            test -f "$src/go.mod"
            mkdir -p "$out/bin" build
            cd build
            cp -r "$src/." .
            chmod -R u+w .
            cat >"$TMPDIR/bin/go" <<END
            #!$busybox sh
            for dir; do :; done
            mkdir "\$dir" && echo ".TH HOCKER 1" >"\$dir/hocker.1"
            END
            chmod +x "$TMPDIR/bin/go"
            put() {
              mkdir -p "$(dirname "$2")"
              cp "$1" "$2"
            }
            installManPage() {
              for page; do put "$page" "$out/share/man/man1/''${page##*/}"; done
            }
            installShellCompletion() {
              test "$1 $3 $5" = "--cmd --bash --fish"
              put "$4" "$out/share/bash-completion/completions/$2.bash"
              put "$6" "$out/share/fish/vendor_completions.d/$2.fish"
              test $# = 6 || put "$8" "$out/share/zsh/site-functions/_$2"
            }
            ${arguments.postBuild or ""}
            cp ${prebuilt}/bin/hocker "$out/bin/hocker"
            ${arguments.postInstall or ""}
            ${concatStringsSep "\n" arguments.nativeInstallCheckInputs}
          ''
        // arguments.passthru or { }
        // {
          inherit (arguments) pname version meta;
        };
    in
    package;

  packages = final: {
    inherit lib buildGoModule;

    installShellFiles = null;
    # Some tests prebuild hocker without its version; testVersion compares it.
    versionCheckHook = ''"$out/bin/$pname" --version >/dev/null'';

    callPackage =
      file: arguments:
      let
        f = if isFunction file then file else import file;
      in
      f (intersectAttrs (functionArgs f) final // arguments);

    # The build platform and the host platform are the same.
    buildPackages = final;
    stdenv = {
      buildPlatform = { inherit system; };
      hostPlatform = {
        inherit system;
        isLinux = builtins.match ".*-linux" system != null;
      };
    };

    runCommand = runScript;

    testers.testVersion =
      { package }:
      runScript "${package.name}-test-version" { } ''
        ${package}/bin/${package.meta.mainProgram} --version | grep -Fw -- ${package.version}
        touch "$out"
      '';

    # The nodes are evaluated with the stub of NixOS. Nothing is run.
    testers.runNixOSTest =
      test:
      let
        node =
          name: module:
          let
            inherit
              (import ./nixos.nix {
                inherit system;
                modules = [
                  ./nixos/test.nix
                  module
                ];
              })
              config
              ;
          in
          builtins.deepSeq (map (assertion: assertion.assertion) config.assertions) (
            builtins.seq config.systemd.services name
          );
      in
      final.writeText "vm-test-run-${test.name}" ''
        ${concatStringsSep " " (attrValues (mapAttrs node test.nodes))}
        ${test.testScript}
      '';

    dockerTools.buildImage =
      { name, config, copyToRoot }:
      runScript "${name}.tar" { inherit copyToRoot; } ''touch "$out"'';

    # It adds no layer to the image.
    dockerTools.buildLayeredImage =
      {
        name,
        fromImage,
        config,
      }:
      runScript "${name}.tar" { inherit fromImage; } ''
        tar -xOf "$fromImage" manifest.json | grep -q '"Layers":\["'
        cp "$fromImage" "$out"
      '';

    linkFarm =
      name: entries:
      runScript name { } ''
        mkdir "$out"
        ${concatStringsSep "\n" (
          attrValues (mapAttrs (link: path: ''ln -s ${path} "$out/${link}"'') entries)
        )}
      '';

    writeText = name: text: runScript name { inherit text; } ''printf %s "$text" >"$out"'';

    # Each value has a line of its own, with a dotted key: TOML takes JSON's.
    formats.toml =
      { }:
      {
        type = lib.types.data;
        generate =
          name: value:
          let
            lines =
              path: value:
              if builtins.isAttrs value then
                builtins.concatMap (key: lines (path ++ [ key ]) value.${key}) (builtins.attrNames value)
              else
                [ "${concatStringsSep "." path} = ${builtins.toJSON value}\n" ];
          in
          final.writeText name (concatStringsSep "" (lines [ ] value));
      };

    writeScript =
      name: text:
      runScript name { inherit text; } ''printf '#!/bin/sh\n%s' "$text" >"$out"; chmod +x "$out"'';

    mkShell =
      {
        packages ? [ ],
        inputsFrom ? [ ],
      }:
      runScript "nix-shell" { buildInputs = packages ++ inputsFrom; } ''echo >"$out"'';

    extend = overlay: fix (overlays ++ [ overlay ]);
  }
  # Tools that the development shell names.
  // lib.genAttrs [
    "go-tools"
    "gopls"
    "nixfmt"
    "nixfmt-tree"
    "skopeo"
    "busybox"
    "curl"
    "erofs-utils"
  ] (name: runScript name { } ''mkdir -p "$out/bin"'')
  # A test may bring one that works.
  // lib.optionalAttrs (builtins.pathExists ./erofs-utils) {
    erofs-utils = import ./erofs-utils;
  };

  fix =
    overlays:
    let
      final = foldl' (prev: overlay: prev // overlay final prev) (packages final) overlays;
    in
    final;
in
fix overlays
