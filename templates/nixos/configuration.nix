# The host's hardware. This is enough to build the system. Replace it with your own
# hardware-configuration.nix.
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
