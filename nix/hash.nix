# The sha256 of a blob, in any notation that Nix takes, as the 64 lower-case
# hexadecimal digits by which a registry knows the blob.
#
# builtins.convertHash came with Nix 2.19 and hocker serves 2.8 too, so this is
# plain Nix. A loop over characters is slow there; builtins.replaceStrings is
# not: one call turns every digit into its bits, a second one every four bits
# into a hexadecimal digit.
let
  inherit (builtins)
    bitAnd
    concatStringsSep
    genList
    head
    isString
    match
    replaceStrings
    stringLength
    substring
    toJSON
    typeOf
    ;

  characters = text: genList (i: substring i 1 text) (stringLength text);

  # toBits 4 5 = "0101"
  toBits =
    width: n: if width == 0 then "" else toBits (width - 1) (n / 2) + toString (bitAnd n 1);

  digitsToBits =
    alphabet: width:
    replaceStrings (characters alphabet) (genList (toBits width) (stringLength alphabet));

  base32ToBits = digitsToBits "0123456789abcdfghijklmnpqrsvwxyz" 5;
  base64ToBits = digitsToBits "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" 6;
  bitsToBase16 = replaceStrings (genList (toBits 4) 16) (characters "0123456789abcdef");

  lowerCase = replaceStrings (characters "ABCDEF") (characters "abcdef");

  # Nix base32 spells the hash as one number whose lowest byte is the first.
  reverseBytes = hex: concatStringsSep "" (genList (i: substring (62 - 2 * i) 2 hex) 32);

  # 52 digits hold 260 bits: the four too many are the highest, and are zero.
  fromBase32 = body: reverseBytes (bitsToBase16 (substring 4 256 (base32ToBits body)));

  # 43 digits hold 258 bits: the two too many are the lowest.
  fromBase64 = body: bitsToBase16 (substring 0 256 (base64ToBits body));

  # The hexadecimal digits, or null where the text is no sha256.
  decode =
    text:
    let
      prefix = substring 0 7 text;
      isSRI = prefix == "sha256-";
      body = if isSRI || prefix == "sha256:" then substring 7 (-1) text else text;
      size = stringLength body;
    in
    if size == 64 && !isSRI && match "[0-9a-fA-F]*" body != null then
      lowerCase body
    else if size == 52 && !isSRI && match "[01][0-9a-df-np-sv-z]*" body != null then
      fromBase32 body
    else if size == 44 && match "[A-Za-z0-9+/]*=" body != null then
      fromBase64 body
    else
      null;

  # What is wrong with a text that is no sha256.
  explain =
    text:
    let
      other = match "(md5|sha1|sha512|blake3)[:-].*" text;
    in
    if !isString text then
      "is of type ${typeOf text}, expected the blob's sha256 as a string"
    else if other != null then
      "= ${toJSON text} is a hash of the kind ${head other}, expected a sha256, by which registries name their blobs"
    else
      "= ${toJSON text} is no sha256, expected 64 hexadecimal digits, 52 digits of Nix base32, or \"sha256-\" with 43 digits of base64 and \"=\"";
in
{
  # toHex WHO TEXT: the hash as lower-case hexadecimal digits. WHO begins the
  # sentence for a text that is none: the function and its argument.
  toHex =
    who: text:
    let
      hex = if isString text then decode text else null;
    in
    if hex != null then
      hex
    else
      throw "${who} ${explain text}: take the digest from the image's manifest, or let docker2nix write the expression";
}
