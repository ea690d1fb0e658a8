# The unit that removes images that earlier configurations loaded.
#
# /var/lib/hocker/ENGINE lists the images of this configuration: the ID, the ID in
# Docker's containerd image store, and the references in every spelling of an engine.
{
  lib,
  # By engine: the package with its program.
  programs,
  loads,
  # The units of the containers.
  units,
}:
let
  inherit (builtins)
    attrNames
    attrValues
    concatStringsSep
    filter
    map
    ;

  inherit (import ../names.nix) splitReference;
  inherit (import ../reference.nix) fullName;

  prunes =
    engine: filter (load: load.engine == engine && load.user == "root") (attrValues loads.byUnit);

  spellings =
    reference:
    [ reference ]
    ++ map (prefix: lib.removePrefix prefix reference) (
      filter (prefix: lib.hasPrefix prefix reference) [
        "docker.io/"
        "docker.io/library/"
      ]
    );

  line =
    { locked, tags, ... }:
    concatStringsSep " " (
      [
        locked.image.config.digest
        (toString locked.image.imageDigest)
      ]
      ++ builtins.concatMap spellings ([ locked.reference ] ++ map full tags)
    );

  # The reference of a tag, with registry and tag.
  full =
    written:
    let
      reference = splitReference written;
    in
    "${fullName reference.name}:${reference.tag}";

  # podman cannot remove images of an additional store.
  own = engine: lib.optionalString (engine == "podman") " --filter readonly=false";

  # An engine does not remove an image that a container uses; the image then stays in
  # the list. An image also stays if it has a tag that no configuration gave it.
  script = engine: ''
    own=$(${engine} image ls --all --quiet --no-trunc${own engine})
    list=/var/lib/hocker/${engine}
    touch "$list"
    cat >"$list.new" <<'END'
    ${concatStringsSep "\n" (lib.unique (map line (prunes engine)))}
    END
    while read -r id other references; do
      grep -qF "$id" "$list.new" && continue
      for found in "$id" "$other"; do
        case "$own" in *"$found"*) ;; *) continue ;; esac
        tags=$(${engine} image inspect --format '{{join .RepoTags " "}}' "$found" 2>/dev/null) || continue
        for tag in ''${tags:-"$found"}; do
          case " $found $references " in
          *" $tag "*)
            ${engine} image rm "$tag" || echo "$id $other $references" >>"$list.new" ;;
          esac
        done
      done
    done <"$list"
    mv "$list.new" "$list"
  '';
  loaders = map (name: "hocker-load-${name}.service") (attrNames loads.byUnit);
in
{
  hocker-prune = {
    description = "Remove images that are no longer in the configuration";
    wantedBy = [ "multi-user.target" ];
    after = loaders ++ lib.optionals (loads.inPlace == [ ]) units;
    # podman takes its own copy of an image before the one in the store: containers that
    # run from the store would keep what was loaded for them in use.
    before = lib.optionals (loads.inPlace != [ ]) units;
    path = attrValues programs;
    serviceConfig = {
      Type = "oneshot";
      RemainAfterExit = true;
    }
    // (import ./hardening.nix).podman
    // {
      StateDirectory = [
        "containers"
        "hocker"
      ];
    };
    script = concatStringsSep "" (map script (attrNames programs));
  };
}
