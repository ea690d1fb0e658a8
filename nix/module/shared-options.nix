# Options that the NixOS module and the home-manager module share.
{
  lib,
  pkgs,
  # The option with the containers.
  containers,
  # A sentence about containers whose image comes from elsewhere.
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
      description = "The hocker package, which fetches and loads the images.";
    };

    lockFile = mkOption {
      type = types.nullOr types.path;
      default = null;
      example = literalExpression "./hocker.lock.json";
      description = ''
        The lock file. A container of {option}`${containers}` whose image it locks
        gets that image from the Nix store and never pulls. The spelling of the
        reference does not matter: `nginx:1.29`, `docker.io/library/nginx:1.29` and
        `nginx@sha256:…` name the same image. ${others}

        The unit `hocker-load-NAME.service` loads the image, where `NAME` is the
        image's name in the lock file.
      '';
    };

    onlyLocked = mkOption {
      type = types.bool;
      default = true;
      example = false;
      description = ''
        Whether evaluation fails if the image of a container is not locked. The error
        shows the command that locks it. If `false`, such a container pulls its image.
      '';
    };

    exceptions = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "watchtower" ];
      description = "Containers whose images need not be locked, despite `onlyLocked`.";
    };
  };

  # Options of virtualisation.hocker.images.<name>.
  image = {
    image = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "docker.io/library/nginx:1.29";
      description = ''
        The image, as any reference to it. The default is the image that has this name
        in the lock file.
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
