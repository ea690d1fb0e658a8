# Completion of hocker for fish. `hocker complete` knows the commands, the flags and the
# names in a lock file; where it knows nothing, fish completes file names.
function __hocker_complete
    set -l last (commandline --current-token --cut-at-cursor)
    set -l lines (command hocker complete -- (commandline --tokenize --cut-at-cursor --current-process) "$last" 2>/dev/null)
    if set -q lines[1]
        string replace -- ' ' \t $lines
    else
        __fish_complete_path "$last"
    end
end

for name in hocker hocker-manifest hocker-config hocker-layer hocker-image docker2nix
    complete --command $name --no-files --arguments '(__hocker_complete)'
end
