# A stand-in for an image that is not locked yet. It evaluates; its build fails and
# says what to do.
{ runCommand, reference }:
{
  image = reference;
  stream = runCommand "not-locked" { } ''
    echo '${reference} is not locked: run `nix run .#hocker -- lock add --platform linux/amd64 ${reference}`' >&2
    exit 1
  '';
}
