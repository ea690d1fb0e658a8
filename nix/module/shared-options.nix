# Options of the NixOS module and of the home-manager module.
{
  lib,
  pkgs,
  # The option with the containers, and those of a container that give it an image
  # already.
  containers,
  others,
}:
let
  inherit (lib) literalExpression mkOption types;
in
{
  options = {
    package = mkOption {
      type = types.package;
      default = pkgs.callPackage ../package.nix { };
      defaultText = literalExpression "hocker, built with the Go of this nixpkgs";
      example = literalExpression "inputs.hocker.packages.\${system}.hocker";
      description = "The hocker that fetches the images and loads them.";
    };

    lockFile = mkOption {
      type = types.nullOr types.path;
      default = null;
      example = literalExpression "./hocker.lock.json";
      description = ''
        The lock file. Every container of {option}`${containers}` whose image it locks
        gets that image from the Nix store, and never pulls. The spelling of the
        reference does not matter: `nginx:1.29`, `docker.io/library/nginx:1.29` and
        `nginx@sha256:…` find the same image. ${others}

        The image of a container is loaded by the unit `hocker-load-NAME.service`,
        where `NAME` is its name in the lock file.
      '';
    };

    onlyLocked = mkOption {
      type = types.bool;
      default = true;
      example = false;
      description = ''
        Whether the evaluation fails if the image of a container is not locked. The
        message has the command that locks it. If this is `false`, such a container
        pulls its image.
      '';
    };

    exceptions = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "watchtower" ];
      description = "Containers whose images need not be locked, in spite of `onlyLocked`.";
    };
  };

  # Of an image that no container names.
  image = {
    image = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "docker.io/library/nginx:1.29";
      description = ''
        The image, as any reference that the lock file knows. The default is the image
        that has this name in the lock file.
      '';
    };
    tags = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "registry.internal/web:production" ];
      description = "Other references to load the image under.";
    };
  };
}
