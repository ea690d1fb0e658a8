# A stub of the module system in nixpkgs' lib: enough to evaluate hocker's modules. It
# supports conditions, priorities, options that several modules declare, and
# submodules. Undeclared options and values of a wrong type are errors.
let
  inherit (builtins)
    all
    attrNames
    concatLists
    concatMap
    concatStringsSep
    elem
    filter
    foldl'
    functionArgs
    head
    intersectAttrs
    isAttrs
    isFunction
    isList
    listToAttrs
    map
    mapAttrs
    ;

  show = concatStringsSep ".";

  kindOf = value: if isAttrs value then value._type or null else null;

  # The definitions by name. A condition is pushed down to the names, so that they can
  # be listed without evaluating it.
  pushDown =
    definition:
    if kindOf definition == "if" then
      map (mapAttrs (name: content: {
        _type = "if";
        inherit (definition) condition;
        inherit content;
      })) (pushDown definition.content)
    else if kindOf definition == "merge" then
      concatMap pushDown definition.contents
    else
      [ definition ];

  # The values of definitions, as { priority, value }.
  discharge =
    priority: definition:
    if kindOf definition == "if" then
      if definition.condition then discharge priority definition.content else [ ]
    else if kindOf definition == "merge" then
      concatMap (discharge priority) definition.contents
    else if kindOf definition == "override" then
      discharge definition.priority definition.content
    else
      [
        {
          inherit priority;
          value = definition;
        }
      ];

  # The values with the highest priority, which is the lowest number.
  values =
    definitions:
    let
      found = concatMap (discharge 100) definitions;
      best = foldl' (a: b: if b < a then b else a) 2000 (map (one: one.priority) found);
    in
    map (one: one.value) (filter (one: one.priority == best) found);

  namesOf = sets: attrNames (foldl' (all: set: all // set) { } sets);

  # A module and its imports, as { options, config }.
  load =
    arguments: module:
    let
      loaded = if isAttrs module || isFunction module then module else import module;
      set =
        if isFunction loaded then loaded (intersectAttrs (functionArgs loaded) arguments) else loaded;
      one =
        if set ? options || set ? config then
          {
            options = set.options or { };
            config = set.config or { };
          }
        else
          {
            options = { };
            config = removeAttrs set [ "imports" ];
          };
    in
    [ one ] ++ concatMap (load arguments) (set.imports or [ ]);

  # The declarations of several modules, as one tree.
  mergeOptions =
    path: trees:
    listToAttrs (
      map (name: {
        inherit name;
        value =
          let
            here = map (tree: tree.${name}) (filter (tree: tree ? ${name}) trees);
          in
          if all (tree: kindOf tree == "option") here then
            foldl' mergeOption { loc = path ++ [ name ]; } here
          else
            mergeOptions (path ++ [ name ]) here;
      }) (namesOf trees)
    );

  mergeOption =
    a: b:
    let
      both = filter (name: b ? ${name}) (filter (name: name != "_type" && name != "type") (attrNames a));
    in
    if both != [ ] then
      throw "the stub of nixpkgs: an option has ${show both} twice"
    else
      a // b // (if a ? type && b ? type then { type = a.type.also b.type; } else { });

  evaluate =
    path: options: definitions:
    let
      unknown = filter (name: !(options ? ${name})) (namesOf definitions);
      option =
        name: option:
        let
          here = path ++ [ name ];
          defined = map (set: set.${name}) (filter (set: set ? ${name}) definitions);
          given =
            if values defined != [ ] then
              defined
            else if option ? default then
              [ option.default ]
            else
              throw "The option `${show here}' was accessed but has no value defined.";
        in
        if kindOf option != "option" then
          evaluate here option (concatMap pushDown defined)
        else
          (option.apply or (value: value)) (option.type.merge here given);
    in
    if unknown == [ ] then
      mapAttrs option options
    else
      throw "The option `${show (path ++ [ (head unknown) ])}' does not exist.";

  evalIn =
    path: arguments: modules:
    let
      loaded = concatMap (load (arguments // { inherit config options; })) modules;
      options = mergeOptions path (map (module: module.options) loaded);
      config = evaluate path options (concatMap (module: pushDown module.config) loaded);
    in
    {
      inherit options config;
    };

  types = rec {
    # `also` merges the types of an option that is declared twice.
    mkType =
      description: merge:
      let
        self = {
          inherit description merge;
          check = value: true;
          also = other: if other.description == description then self else throw "two types of an option";
          getSubOptions = path: { };
        };
      in
      self;

    # One value, or several that are equal.
    leaf =
      description: check:
      mkType description (
        path: definitions:
        let
          found = values definitions;
        in
        if !all check found then
          throw "A definition for option `${show path}' is not of type `${description}'."
        # A single value is not compared: a function does not equal itself.
        else if !all (value: value == head found) (builtins.tail found) then
          throw "The option `${show path}' has conflicting definition values."
        else
          head found
      )
      // {
        inherit check;
      };

    anything = leaf "anything" (value: true);
    bool = leaf "boolean" builtins.isBool;
    int = leaf "signed integer" builtins.isInt;
    str = leaf "string" builtins.isString;
    package = leaf "package" (value: value.type or null == "derivation");
    path = leaf "absolute path" (
      value: builtins.isPath value || builtins.isString value && builtins.substring 0 1 value == "/"
    );
    enum =
      choices:
      leaf "${if builtins.length choices == 1 then "value" else "one of"} ${
        concatStringsSep ", " (map builtins.toJSON choices)
      }${if builtins.length choices == 1 then " (singular enum)" else ""}" (value: elem value choices);

    nullOr =
      type:
      mkType "null or ${type.description}" (
        path: definitions:
        if all (value: value == null) (values definitions) then null else type.merge path definitions
      );

    either =
      a: b:
      mkType "${a.description} or ${b.description}" (
        path: definitions: (if all a.check (values definitions) then a else b).merge path definitions
      )
      // {
        check = value: a.check value || b.check value;
      };

    listOf =
      type:
      mkType "list of ${inner type}" (
        path: definitions:
        let
          found = values definitions;
        in
        if all isList found then
          concatMap (map (value: type.merge path [ value ])) found
        else
          throw "A definition for option `${show path}' is not of type `list of ${type.description}'."
      )
      // {
        check = isList;
      };

    # What a file of settings has: at each place, sets and lists of several definitions are
    # joined.
    data = either (attrsOf data) (either (listOf data) anything);

    lines = mkType "strings concatenated with \"\\n\"" (
      path: definitions: concatStringsSep "\n" (values definitions)
    );

    attrsOf =
      type:
      let
        self =
          mkType "attribute set of ${inner type}" (
            path: definitions:
            let
              sets = concatMap pushDown definitions;
              at = name: map (set: set.${name}) (filter (set: set ? ${name}) sets);
            in
            listToAttrs (
              map (name: {
                inherit name;
                value = type.merge (path ++ [ name ]) (at name);
              }) (filter (name: values (at name) != [ ]) (namesOf sets))
            )
          )
          // {
            check = isAttrs;
            also = other: attrsOf (type.also other.elemType);
            elemType = type;
            getSubOptions = path: type.getSubOptions (path ++ [ "<name>" ]);
          };
      in
      self;

    submodule =
      module:
      let
        modules = if isList module then module else [ module ];
      in
      mkType "submodule" (
        path: definitions:
        (evalIn path { name = builtins.elemAt path (builtins.length path - 1); } (
          modules ++ map (config: { inherit config; }) (concatMap pushDown definitions)
        )).config
      )
      // {
        inherit modules;
        check = isAttrs;
        also = other: submodule (modules ++ other.modules);
        getSubOptions = path: (evalIn path { name = "<name>"; } modules).options;
      };

    # As in nixpkgs, a type of several words is in parentheses inside another type.
    inner =
      type:
      if type.description == "submodule" || builtins.match ".* or .*|one of .*|value .*" type.description != null then
        "(${type.description})"
      else
        type.description;
  };
in
{
  inherit types;

  evalModules = { modules, specialArgs ? { } }: evalIn [ ] specialArgs modules;

  mkOption = option: option // { _type = "option"; };
  mkIf = condition: content: {
    _type = "if";
    inherit condition content;
  };
  mkMerge = contents: {
    _type = "merge";
    inherit contents;
  };
  mkDefault = content: {
    _type = "override";
    priority = 1000;
    inherit content;
  };
  mkForce = content: {
    _type = "override";
    priority = 50;
    inherit content;
  };
  literalExpression = text: {
    _type = "literalExpression";
    inherit text;
  };
}
