# The digest in the tests' arguments, and digests that differ from it.
let
  # The digest of jessie's layer in every notation.
  hex = "cd0a524342efac6edff500c17e625735bbe479c926439b263bbe3c8518a0849c";
  upper = "CD0A524342EFAC6EDFF500C17E625735BBE479C926439B263BBE3C8518A0849C";
  base32 = "1744l0c8ag5y7ck9nhr6r5wy9frmaxi7xh80ypgnxb7g891m42nd";
  base64 = "zQpSQ0LvrG7f9QDBfmJXNbvkeckmQ5smO748hRighJw=";
  notations = [
    hex
    upper
    base32
    base64
    "sha256:${hex}"
    "sha256:${base32}"
    "sha256:${base64}"
    "sha256-${base64}"
  ];

  # Another digest: of the empty string.
  otherHex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
in
{
  inherit
    hex
    base32
    base64
    notations
    otherHex
    ;
}
