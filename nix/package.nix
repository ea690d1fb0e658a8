{
  lib,
  buildGoModule,
  callPackage,
  testers,
}:

buildGoModule (finalAttrs: {
  pname = "hocker";
  version = "0.1.0";

  # Only what the build reads, so that other changes do not rebuild the package.
  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../cmd
      ../fetcher
      # The test registry that unit tests and end-to-end tests share.
      ../test/faults
      ../go.mod
      ../go.sum
    ];
  };

  # Written by tests/vendor-hash.sh --update.
  vendorHash = "sha256-4RcwCHiO0pEJcRxnMkRZldzr7jZ6ItEo09dj13PwnRQ=";

  subPackages = [ "cmd/hocker" ];

  # Static, because the binary is the builder of derivations without other inputs.
  env.CGO_ENABLED = 0;

  ldflags = [
    "-s"
    "-w"
    "-X main.version=${finalAttrs.version}"
  ];

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
  '';

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
