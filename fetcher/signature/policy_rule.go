package signature

import (
	"fmt"
	"slices"

	"hocker/fetcher/internal/strictjson"
)

// The types of rules.
const (
	acceptAnything = "insecureAcceptAnything"
	reject         = "reject"
	signedBy       = "signedBy"
	sigstoreSigned = "sigstoreSigned"
)

// rule is one requirement of a policy. An image must fulfil all those of its scope.
type rule struct {
	kind      string
	keyFiles  []string
	keyData   [][]byte
	identity  identity
	unchecked string // what the rule asks for that hocker does not check, or empty
}

// keys returns the keys of a rule. read reads a file.
func (r rule) keys(read func(path string) ([]byte, error)) ([]Key, error) {
	var keys []Key
	for _, path := range r.keyFiles {
		data, err := read(path)
		if err != nil {
			return nil, err
		}
		found, err := ParseKeys(path, data)
		if err != nil {
			return nil, err
		}
		keys = append(keys, found...)
	}
	for _, data := range r.keyData {
		found, err := ParseKeys("in the policy", data)
		if err != nil {
			return nil, err
		}
		keys = append(keys, found...)
	}
	return keys, nil
}

func (r *policyReader) rules(n *strictjson.Node, where string) []rule {
	var rules []rule
	for i, n := range r.list(n, where) {
		rules = append(rules, r.rule(n, fmt.Sprintf("%s[%d]", where, i)))
	}
	return rules
}

// The members of a rule of type sigstoreSigned: those that name keys, and those that ask
// for more than a key's signature.
var (
	keyMembers  = []string{"keyPath", "keyPaths", "keyData", "keyDatas"}
	moreMembers = []string{"fulcio", "pki", "rekorPublicKeyPath", "rekorPublicKeyPaths", "rekorPublicKeyData", "rekorPublicKeyDatas"}
)

func (r *policyReader) rule(n *strictjson.Node, where string) rule {
	kind := ""
	if m := r.anyObject(n, where)["type"]; m == nil {
		r.fail(n, where, "missing type")
	} else {
		kind = r.text(m, where+".type")
	}
	switch kind {
	case acceptAnything, reject:
		r.object(n, where, "type")
		return rule{kind: kind}
	case signedBy:
		return rule{kind: kind, unchecked: "a GPG signature (signedBy)"}
	case sigstoreSigned:
		return r.sigstore(n, where)
	}
	if kind != "" {
		r.fail(n, where, "unknown type %.100q", kind)
	}
	return rule{}
}

// sigstore reads a rule of type sigstoreSigned.
func (r *policyReader) sigstore(n *strictjson.Node, where string) rule {
	known := slices.Concat([]string{"type", "signedIdentity"}, keyMembers, moreMembers)
	o := r.object(n, where, known...)
	found := rule{kind: sigstoreSigned, identity: identity{kind: defaultIdentity}}
	sources := 0
	for _, member := range keyMembers {
		if m := o[member]; m != nil {
			sources++
			r.keys(m, where+"."+member, member, &found)
		}
	}
	for _, member := range moreMembers {
		if o[member] == nil {
			continue
		}
		found.unchecked = fmt.Sprintf("more than a key's signature (%s)", member)
		if member == "fulcio" || member == "pki" {
			sources++
		}
	}
	if sources != 1 {
		r.fail(n, where, "expected one of %q", append(slices.Clone(keyMembers), "fulcio", "pki"))
	}
	if m := o["signedIdentity"]; m != nil {
		found.identity = r.identity(m, where+".signedIdentity")
	}
	return found
}

// keys reads a member that names keys.
func (r *policyReader) keys(n *strictjson.Node, where, member string, to *rule) {
	values := []*strictjson.Node{n}
	if member == "keyPaths" || member == "keyDatas" {
		values = r.list(n, where)
	}
	for _, value := range values {
		text := r.text(value, where)
		if member == "keyPath" || member == "keyPaths" {
			to.keyFiles = append(to.keyFiles, text)
			continue
		}
		data, err := decodeBase64(text)
		if err != nil {
			r.fail(value, where, "%v", err)
		}
		to.keyData = append(to.keyData, data)
	}
}

func (r *policyReader) identity(n *strictjson.Node, where string) identity {
	members := map[string][]string{
		matchExact:             {"type"},
		matchRepoDigestOrExact: {"type"},
		matchRepository:        {"type"},
		exactReference:         {"type", "dockerReference"},
		exactRepository:        {"type", "dockerRepository"},
		remapIdentity:          {"type", "prefix", "signedPrefix"},
	}
	o := r.anyObject(n, where)
	if o["type"] == nil {
		r.fail(n, where, "missing type")
		return identity{}
	}
	found := identity{kind: r.text(o["type"], where+".type")}
	known, ok := members[found.kind]
	if !ok {
		r.fail(n, where, "unknown type %.100q", found.kind)
		return identity{}
	}
	r.object(n, where, known...)
	text := map[string]string{}
	for _, member := range known[1:] {
		if o[member] == nil {
			r.fail(n, where, "missing %s", member)
			return identity{}
		}
		text[member] = r.text(o[member], where+"."+member)
	}
	found.prefix, found.signedPrefix = text["prefix"], text["signedPrefix"]
	if s := text["dockerReference"] + text["dockerRepository"]; s != "" {
		want, err := parseName(s)
		if err != nil || (want.suffix != "") != (found.kind == exactReference) {
			r.fail(n, where, "%.200q is not what %s expects", s, found.kind)
		}
		found.want = want.String()
	}
	return found
}
