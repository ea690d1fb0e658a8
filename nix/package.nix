{
  lib,
  buildGoModule,
  callPackage,
  testers,
}:

buildGoModule (finalAttrs: {
  pname = "hocker";
  version = "0.1.0";

  # No more than the build reads: an edit elsewhere rebuilds nothing.
  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../cmd
      ../fetcher
      # The registry that the unit tests share with the end-to-end tests.
      ../test/faults
      ../go.mod
      ../go.sum
    ];
  };

  # Written by tests/vendor-hash.sh --update.
  vendorHash = "sha256-ExavpH8R9Fotb/Pk3JxdUJSq7zLwKKYZl96RH5EhfWQ=";

  subPackages = [ "cmd/hocker" ];

  # Static: the binary is the builder of derivations that have nothing else.
  env.CGO_ENABLED = 0;

  ldflags = [
    "-s"
    "-w"
    "-X main.version=${finalAttrs.version}"
  ];

  # subPackages is what to build; test everything.
  preCheck = ''
    unset subPackages
  '';

  # The unit tests talk to servers of their own on the loopback interface.
  __darwinAllowLocalNetworking = true;

  # Called by one of these names, hocker is that command.
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
