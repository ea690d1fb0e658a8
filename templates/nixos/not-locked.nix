# Stands for an image until it is locked: it evaluates, and its build fails and
# says what to do.
{ runCommand, reference }:
{
  image = reference;
  stream = runCommand "not-locked" { } ''
    echo '${reference} is not locked: run `nix run .#hocker -- lock add --platform linux/amd64 ${reference}`' >&2
    exit 1
  '';
}
