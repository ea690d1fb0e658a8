# Cases for hash.nix.
let
  inherit (builtins)
    filter
    genList
    map
    substring
    tryEval
    ;

  inherit (import ./digest.nix)
    hex
    base32
    base64
    notations
    otherHex
    ;

  inherit (import ../../hash.nix) toHex;

  fails = value: !(tryEval value).success;
in
{
  "every notation is decoded" = {
    expr = map (toHex "test") notations;
    expected = map (notation: hex) notations;
  };
  "the empty string's base32" = {
    expr = toHex "test" "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73";
    expected = otherHex;
  };
  "the empty string's base64" = {
    expr = toHex "test" "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    expected = otherHex;
  };
  "all bits set" = {
    expr = map (toHex "test") [
      "1zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
      "sha256-//////////////////////////////////////////8="
    ];
    expected = genList (i: "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff") 2;
  };
  "the first and the last bit set" = {
    expr = map (toHex "test") [
      "0080000000000000000000000000000000000000000000000040"
      "sha256-gAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE="
    ];
    expected = genList (i: "8000000000000000000000000000000000000000000000000000000000000001") 2;
  };
  "invalid sha256 hashes are rejected" = {
    expr = filter (text: !(fails (toHex "test" text))) [
      ""
      "sha256:"
      "latest"
      # A digit too few, a digit too many, white space.
      (substring 1 63 hex)
      "${hex}0"
      "${hex}\n"
      # Not in the alphabets: g; e; more than 256 bits; _.
      "g${substring 1 63 hex}"
      "e${substring 1 51 base32}"
      "2${substring 1 51 base32}"
      "_${substring 1 43 base64}"
      # Without padding, and SRI in another encoding than base64.
      "sha256-${substring 0 43 base64}"
      "sha256-${hex}"
      # Other hashes, another spelling, other types.
      "sha512-${base64}"
      "sha512:${hex}"
      "md5:d41d8cd98f00b204e9800998ecf8427e"
      "SHA256:${hex}"
      "sha256:sha256:${hex}"
      null
      1
      { }
    ];
    expected = [ ];
  };
}
