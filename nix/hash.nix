# Converts a sha256 hash from any notation of Nix to the 64 lower-case hexadecimal
# digits that registries use.
#
# hocker supports Nix 2.8, and builtins.convertHash needs 2.19. Loops over
# characters are slow in Nix, so two calls of builtins.replaceStrings do the work:
# one turns every digit into bits, the other every four bits into a digit.
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

  # Nix base32 encodes the hash as a number, with the first byte as the lowest.
  reverseBytes = hex: concatStringsSep "" (genList (i: substring (62 - 2 * i) 2 hex) 32);

  # 52 digits hold 260 bits. The four highest are zero.
  fromBase32 = body: reverseBytes (bitsToBase16 (substring 4 256 (base32ToBits body)));

  # 43 digits hold 258 bits. The two lowest are padding.
  fromBase64 = body: bitsToBase16 (substring 0 256 (base64ToBits body));

  # The hexadecimal digits, or null if the text is not a sha256 hash.
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

  # The error for a text that is not a sha256 hash.
  explain =
    text:
    let
      other = match "(md5|sha1|sha512|blake3)[:-].*" text;
    in
    if !isString text then
      "is of type ${typeOf text}, expected the blob's sha256 as a string"
    else if other != null then
      "= ${toJSON text} is a ${head other} hash, expected a sha256 hash, which identifies blobs in registries"
    else
      "= ${toJSON text} is not a sha256 hash, expected 64 hexadecimal digits, 52 Nix base32 digits, or \"sha256-\" with 43 base64 digits and \"=\"";
in
{
  # toHex WHO TEXT: the hash as lower-case hexadecimal digits. WHO is the function
  # and its argument, and starts the error message.
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
