# The templates of `nix flake init -t github:OWNER/hocker#NAME`. At first no image is
# locked, and the error of a build says how to lock one. The indented lines of a welcome
# text are commands, which a test runs.
rec {
  default = lock;

  image = {
    path = ./image;
    description = "Pin one image as a Nix expression, and build it";
    welcomeText = builtins.readFile ./image.md;
  };

  lock = {
    path = ./lock;
    description = "Keep many images in a lock file, and build them";
    welcomeText = builtins.readFile ./lock.md;
  };

  nixos = {
    path = ./nixos;
    description = "A NixOS host that starts its containers offline";
    welcomeText = builtins.readFile ./nixos.md;
  };
}
