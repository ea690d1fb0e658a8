{
  description = "A NixOS host that starts its containers offline";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  inputs.hocker.url = "github:OWNER/hocker";
  inputs.hocker.inputs.nixpkgs.follows = "nixpkgs";

  outputs =
    { nixpkgs, hocker, ... }:
    {
      nixosConfigurations.host = nixpkgs.lib.nixosSystem {
        modules = [
          hocker.nixosModules.default
          ./configuration.nix
          ./containers.nix
        ];
      };

      # nix run .#hocker -- lock add --platform linux/amd64 web=nginx:1.28
      inherit (hocker) apps;
    };
}
