# Writes the unit files.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (builtins)
    attrValues
    concatMap
    concatStringsSep
    isBool
    isList
    map
    mapAttrs
    ;
  inherit (lib) mkOption types;

  set = type: default: mkOption { inherit type default; };
  names = set (types.listOf types.str) [ ];
  settings = set (types.attrsOf types.anything) { };

  service.options = {
    description = set types.str "";
    requires = names;
    wants = names;
    after = names;
    before = names;
    wantedBy = names;
    environment = set (types.attrsOf types.str) { };
    path = set (types.listOf types.package) [ ];
    restartTriggers = set (types.listOf types.anything) [ ];
    restartIfChanged = set types.bool true;
    preStart = set types.lines "";
    script = set types.lines "";
    unitConfig = settings;
    serviceConfig = settings;
  };

  word = value: if isBool value then lib.optionalString value "true" else toString value;
  line =
    name: value: map (one: "${name}=${word one}") (if isList value then value else [ value ]);
  section = name: values: [ "[${name}]" ] ++ concatMap (key: line key values.${key}) (builtins.attrNames values);

  program =
    name: text:
    pkgs.writeScript name ''
      set -e
      ${text}
    '';

  file =
    name: service:
    let
      own = service.serviceConfig.Environment or [ ];
    in
    concatStringsSep "\n" (
      section "Unit" (
        {
          Description = service.description;
          Requires = service.requires;
          Wants = service.wants;
          After = service.after;
          Before = service.before;
        }
        // lib.optionalAttrs (service.restartTriggers != [ ]) {
          X-Restart-Triggers = concatStringsSep " " (map toString service.restartTriggers);
        }
        // lib.optionalAttrs (!service.restartIfChanged) { X-RestartIfChanged = "false"; }
        // service.unitConfig
      )
      ++ section "Service" (
        lib.optionalAttrs (service.preStart != "") {
          ExecStartPre = program "${name}-pre-start" service.preStart;
        }
        // lib.optionalAttrs (service.script != "") {
          ExecStart = program "${name}-start" service.script;
        }
        // service.serviceConfig
        // {
          # On NixOS, coreutils and others are here.
          Environment = [
            "PATH=${
              concatStringsSep ":" (map (package: "${package}/bin") service.path ++ [ "/usr/bin:/bin" ])
            }"
          ]
          ++ lib.mapAttrsToList (name: value: "${name}=${value}") service.environment
          ++ (if isList own then own else [ own ]);
        }
      )
    );

  services = config.systemd.services;

  write = name: ''
    cat >"$out/system/${name}.service" <<'END'
    ${file name services.${name}}
    END
    ${concatStringsSep "\n" (
      map (target: ''
        mkdir -p "$out/system/${target}.wants"
        ln -s ../${name}.service "$out/system/${target}.wants/"
      '') services.${name}.wantedBy
    )}
  '';
in
{
  options.systemd = {
    services = set (types.attrsOf (types.submodule service)) { };
    tmpfiles.rules = names;
    # The folder /etc/systemd.
    files = mkOption { type = types.package; };
  };

  config.systemd.files = pkgs.runCommand "systemd" { } ''
    mkdir -p "$out/system"
    ${concatStringsSep "\n" (map write (builtins.attrNames services))}
  '';
}
