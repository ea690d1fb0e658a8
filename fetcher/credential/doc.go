// Package credential finds what to show to a registry, and sees to it that each
// secret goes to the host that it is for.
//
// A [Func] finds the [Credential] for a repository. There is one for each place
// where people and tools keep secrets: [FromEnvironment], [FromAuthFiles],
// [FromNetrc], [ReadFile]; [First] asks several in turn. [Audience] says which
// registries are asked, and whether a person named them: a secret without a host
// goes to no other.
package credential
