# Completion of hocker for bash. `hocker complete` knows the commands, the flags and the
# names in a lock file; where it knows nothing, bash completes file names.
_hocker() {
    local rest=${COMP_LINE:0:COMP_POINT} last=${COMP_WORDS[COMP_CWORD]} n=-1 i trimmed word
    local -a words=()
    # Put together what bash splits at = and :.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        trimmed=${rest#"${rest%%[![:space:]]*}"}
        word=${COMP_WORDS[i]}
        ((i < COMP_CWORD)) || word=$trimmed
        if ((i == 0)) || [[ $trimmed != "$rest" ]]; then
            n=$((n + 1))
        fi
        words[n]=${words[n]-}$word
        rest=${trimmed#"$word"}
    done
    [[ $last != [=:]* ]] || last=
    COMPREPLY=()
    while IFS=' ' read -r word _; do
        COMPREPLY+=("${word#"${words[n]%"$last"}"}")
    done < <(command hocker complete -- "${words[@]}" 2>/dev/null)
}
complete -o bashdefault -o default -F _hocker hocker hocker-manifest hocker-config hocker-layer hocker-image docker2nix
