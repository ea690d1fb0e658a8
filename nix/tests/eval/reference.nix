# Cases for reference.nix.
let
  inherit (builtins) genList map;

  inherit (import ../../reference.nix) fullName parse;

  digest = "sha256:${(import ./digest.nix).hex}";

  nginx = {
    name = "nginx";
    tag = "latest";
    digest = null;
  };
in
{
  "spellings of an image on Docker Hub" = {
    expr = map parse [
      "nginx"
      "nginx:latest"
      "library/nginx"
      "docker.io/nginx"
      "docker.io/library/nginx:latest"
      "index.docker.io/library/nginx"
      "registry-1.docker.io/library/nginx"
      "docker://docker.io/library/nginx:latest"
    ];
    expected = genList (i: nginx) 8;
  };
  "tags, digests, ports and other registries" = {
    expr = map parse [
      "nginx@${digest}"
      "nginx:1.29@${digest}"
      "org/team/app:1"
      "ghcr.io/library/app"
      "ghcr.io:443/org/app"
      "localhost:5000/app"
      "localhost/app:1"
      "[::1]:5000/app:1"
    ];
    expected = [
      (nginx // { inherit digest; })
      {
        name = "nginx";
        tag = "1.29";
        inherit digest;
      }
      {
        name = "org/team/app";
        tag = "1";
        digest = null;
      }
      {
        name = "ghcr.io/library/app";
        tag = "latest";
        digest = null;
      }
      {
        name = "ghcr.io/org/app";
        tag = "latest";
        digest = null;
      }
      {
        name = "localhost:5000/app";
        tag = "latest";
        digest = null;
      }
      {
        name = "localhost/app";
        tag = "1";
        digest = null;
      }
      {
        name = "[::1]:5000/app";
        tag = "1";
        digest = null;
      }
    ];
  };
  "text that is not a reference" = {
    expr = map parse [
      ""
      "a b"
      "nginx@latest"
      "nginx@sha256:cd0a"
      "user:secret@registry.example/app"
      "dir:/nix/store/app@"
    ];
    expected = genList (i: null) 6;
  };
  "a full name has its registry" = {
    expr = map fullName [
      "nginx"
      "org/app"
      "localhost/app"
      "ghcr.io/org/app"
      "host:5000/app"
    ];
    expected = [
      "docker.io/library/nginx"
      "docker.io/org/app"
      "localhost/app"
      "ghcr.io/org/app"
      "host:5000/app"
    ];
  };
}
