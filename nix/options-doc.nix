# Writes docs/nixos-options.md from the declarations of the options:
#
#   import ./options-doc.nix { inherit lib; }
{ lib }:
let
  inherit (builtins)
    attrNames
    concatStringsSep
    filter
    isAttrs
    isList
    isString
    map
    match
    replaceStrings
    split
    toJSON
    ;

  # The options of a module, which are declared without looking at a configuration.
  optionsOf = file: (import file { inherit lib; config = { }; pkgs = { }; }).options;

  # A value as an expression of Nix.
  show =
    value:
    if isAttrs value && value ? text then
      value.text
    else if isList value then
      "[ ${concatStringsSep "" (map (one: "${show one} ") value)}]"
    else if isAttrs value then
      "{ ${concatStringsSep "" (map (name: "${name} = ${show value.${name}}; ") (attrNames value))}}"
    else
      toJSON value;

  # Roles such as {option} mean nothing to Markdown.
  plain = replaceStrings [ "{option}" ] [ "" ];

  field =
    name: text:
    if match ".*\n.*" text == null then
      "- ${name}: `${text}`\n"
    else
      "- ${name}:\n\n${indent "  " "```nix\n${text}```"}\n";

  indent =
    by: text:
    concatStringsSep "\n" (
      map (line: if line == "" then "" else by + line) (filter isString (split "\n" text))
    );

  trimmed = text: if match ".*\n" text == null then "${text}\n" else text;

  describe =
    path: option:
    ''

      ### `${concatStringsSep "." path}`

      ${plain (trimmed option.description)}
      - Type: ${option.type.description}
    ''
    + (
      if option ? defaultText then
        field "Default" (show option.defaultText)
      else if option ? default then
        field "Default" (show option.default)
      else
        ""
    )
    + field "Example" (show option.example)
    + walk path (removeAttrs (option.type.getSubOptions path) [ "_module" ]);

  walk =
    path: options:
    concatStringsSep "" (
      map (
        name:
        let
          option = options.${name};
          # That of a submodule knows whose it is.
          here = option.loc or (path ++ [ name ]);
        in
        if option._type or null == "option" then describe here option else walk here option
      ) (attrNames options)
    );
in
''
  # Options for NixOS and home-manager

  <!-- Made by nix/options-doc.nix: `make options` writes it anew. -->

  One line serves the containers of a configuration from a lock file. The
  [tutorial](tutorial.md) shows the rest of the way.

  ## NixOS

  The module is `nixosModules.default` of the flake, or the file `nix/module.nix`.
  ${walk [ ] (optionsOf ./module/options.nix)}
  ## home-manager

  The module is `homeModules.default` of the flake, or the file
  `nix/home-module.nix`. It is for the containers of a user, which podman runs
  without root: those in `services.podman.containers`.
  ${walk [ ] (optionsOf ./home/options.nix)}''
