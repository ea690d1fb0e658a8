package signature

import (
	"strings"

	"hocker/fetcher/internal/strictjson"
	"hocker/fetcher/reference"
)

// MaxPolicyFile is the size of the largest policy that is read, in bytes.
const MaxPolicyFile = 4 << 20

// Policy says which keys must have signed which images, as the policy.json of podman and
// skopeo does:
// https://github.com/containers/image/blob/v5.36.0/docs/containers-policy.json.5.md
type Policy struct {
	fallback []rule            // for all that no scope covers
	docker   map[string][]rule // by scope; the scope of the whole transport is ""
}

// dockerTransport is the transport of images in registries.
const dockerTransport = "docker"

// ParsePolicy parses a policy.json. Keys that it does not know are errors, as they are
// for podman. The rules of other transports than docker are not used.
func ParsePolicy(data []byte) (*Policy, error) {
	root, err := strictjson.Parse(data)
	if err != nil {
		return nil, err
	}
	var r policyReader
	top := r.object(root, "", "default", "transports")
	p := &Policy{docker: map[string][]rule{}}
	if top["default"] == nil {
		r.fail(root, "", "missing default")
		return nil, r.err
	}
	p.fallback = r.rules(top["default"], "default")
	if top["transports"] != nil {
		transports := r.anyObject(top["transports"], "transports")
		for _, transport := range transports.Names() {
			where := "transports." + transport
			scopes := r.anyObject(transports[transport], where)
			for _, scope := range scopes.Names() {
				rules := r.rules(scopes[scope], where+"."+scope)
				if transport == dockerTransport {
					p.docker[scope] = rules
				}
			}
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	return p, nil
}

// rulesFor returns the rules of the narrowest scope that covers ref, and that scope.
func (p *Policy) rulesFor(ref reference.Reference) (rules []rule, scope string) {
	for _, scope := range scopes(ref) {
		if rules, ok := p.docker[scope]; ok {
			return rules, scope
		}
	}
	return p.fallback, "default"
}

// scopes returns the scopes that cover ref, the narrowest first: the reference, its
// repository, the folders above it, its host, and the domains of the host.
func scopes(ref reference.Reference) []string {
	repository := ref.Repository
	var found []string
	if ref.Digest != "" {
		found = append(found, reference.Reference{Repository: repository, Digest: ref.Digest}.String())
	}
	if ref.Tag != "" {
		found = append(found, reference.Reference{Repository: repository, Tag: ref.Tag}.String())
	}
	name, more := repository.String(), true
	for more {
		found = append(found, name)
		slash := strings.LastIndexByte(name, '/')
		if more = slash >= 0; more {
			name = name[:slash]
		}
	}
	host := name
	if colon := strings.LastIndexByte(host, ':'); colon >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:colon]
	}
	for _, domain, ok := strings.Cut(host, "."); ok; _, domain, ok = strings.Cut(domain, ".") {
		found = append(found, "*."+domain)
	}
	return append(found, "")
}
