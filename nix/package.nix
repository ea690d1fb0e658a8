{
  lib,
  buildGoModule,
  callPackage,
  installShellFiles,
  testers,
  versionCheckHook,
}:

buildGoModule (finalAttrs: {
  pname = "hocker";
  version = "0.1.0";

  # Only what the build reads, so that other changes do not rebuild the package.
  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../cmd
      ../completions
      ../fetcher
      # The test registry that unit tests and end-to-end tests share.
      ../test/faults
      ../go.mod
      ../go.sum
    ];
  };

  # Written by tests/vendor-hash.sh --update.
  vendorHash = "sha256-OljPLI6WNG4nsq4y2YbS7s7CRwN19i5RD1ucUVm1nCY=";

  subPackages = [ "cmd/hocker" ];

  # Static, because the binary is the builder of derivations without other inputs.
  env.CGO_ENABLED = 0;

  ldflags = [
    "-s"
    "-w"
    # Less space between functions: 0.1 MB.
    "-funcalign=16"
    "-X main.version=${finalAttrs.version}"
  ];

  # Only what handles each byte is inlined: 0.8 MB.
  preBuild = ''
    export GOFLAGS="$GOFLAGS ${lib.replaceStrings [ "\n" ] [ " " ] (builtins.readFile ./gcflags)}"
  '';

  nativeBuildInputs = [ installShellFiles ];

  # The manual pages are made from the command line's grammar, by the machine that builds.
  postBuild = ''
    env -u GOOS -u GOARCH -u GOARM go run -tags manual -ldflags "-X main.version=${finalAttrs.version}" ./cmd/hocker man1
  '';

  # Build only subPackages, but test all packages.
  preCheck = ''
    unset subPackages
  '';

  # The unit tests start servers on the loopback interface.
  __darwinAllowLocalNetworking = true;

  # hocker runs the command that it is called as.
  postInstall = ''
    for name in hocker-manifest hocker-config hocker-layer hocker-image docker2nix; do
      ln -s hocker "$out/bin/$name"
    done
    installManPage man1/*.1
    installShellCompletion --cmd hocker \
      --bash completions/hocker.bash \
      --fish completions/hocker.fish \
      --zsh completions/_hocker
    for name in $out/bin/*; do
      name=''${name##*/}
      test "$name" = hocker || installShellCompletion --cmd "$name" \
        --bash completions/hocker.bash \
        --fish completions/hocker.fish
    done
  '';

  doInstallCheck = true;
  nativeInstallCheckInputs = [ versionCheckHook ];

  passthru.tests = {
    version = testers.testVersion { package = finalAttrs.finalPackage; };
    image = callPackage ./tests/image.nix { hocker = finalAttrs.finalPackage; };
  };

  meta = {
    description = "Fetch container images into the Nix store, layer by layer, without a Docker daemon";
    license = lib.licenses.bsd3;
    mainProgram = "hocker";
    platforms = lib.platforms.linux ++ lib.platforms.darwin;
  };
})
