# The options of the home-manager module.
{ lib, pkgs, ... }:
let
  inherit (lib) literalExpression mkOption types;

  shared = import ../module/shared-options.nix {
    inherit lib pkgs;
    containers = "services.podman.containers";
    others = "A container with an image of {option}`services.podman.images` or {option}`services.podman.builds` is left alone.";
  };
in
{
  options.virtualisation.hocker = shared.options // {
    # Declared so that whoever sets it is told why it cannot work.
    podman.zeroCopy = mkOption {
      type = types.bool;
      default = false;
      internal = true;
    };

    images = mkOption {
      type = types.attrsOf (types.submodule { options = shared.image; });
      default = { };
      example = literalExpression ''
        {
          web.tags = [ "registry.internal/web:production" ];
          job.image = "ghcr.io/org/job:3";
        }
      '';
      description = ''
        Images of the lock file to load in addition to those of the containers.
        `hocker-load-NAME.service` loads them when the user's units start.
      '';
    };
  };
}
