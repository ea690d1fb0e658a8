# The templates of `nix flake init -t github:OWNER/hocker#NAME`. As they come, no
# image is locked yet, and the error of a build says how to lock it. The indented
# lines of a welcome text are commands; a test runs them.
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
