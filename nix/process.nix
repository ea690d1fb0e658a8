# What an image's config says of how to run it. The argument is the file.
config:
let
  inherit (builtins)
    attrNames
    elemAt
    foldl'
    fromJSON
    match
    readFile
    unsafeDiscardStringContext
    ;

  settings = (fromJSON (unsafeDiscardStringContext (readFile "${config}"))).config or null;

  # What is missing and what is null are the same.
  get =
    name: otherwise:
    let
      value = if settings == null then null else settings.${name} or null;
    in
    if value == null then otherwise else value;
in
{
  entrypoint = get "Entrypoint" [ ];
  command = get "Cmd" [ ];
  # The last variable of a name counts.
  environment = foldl' (
    variables: variable:
    let
      parts = match "([^=]+)=(.*)" variable;
    in
    variables // (if parts == null then { } else { ${elemAt parts 0} = elemAt parts 1; })
  ) { } (get "Env" [ ]);
  user = get "User" "";
  workingFolder = get "WorkingDir" "/";
  # Null if the image does not say it.
  stopSignal = get "StopSignal" null;
  ports = attrNames (get "ExposedPorts" { });
  volumes = attrNames (get "Volumes" { });
}
