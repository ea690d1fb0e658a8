# The machine. What is here lets the system be built; put your own
# hardware-configuration.nix in its place.
{
  nixpkgs.hostPlatform = "x86_64-linux";
  networking.hostName = "host";

  boot.loader.grub.device = "/dev/sda";
  fileSystems."/" = {
    device = "/dev/disk/by-label/nixos";
    fsType = "ext4";
  };

  # The release that the host was installed with.
  system.stateVersion = "26.05";
}
