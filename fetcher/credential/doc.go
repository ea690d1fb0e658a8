// Package credential finds credentials for registries, and sends each secret only to
// the host it is for.
//
// A [Func] finds the [Credential] for a repository. [FromEnvironment],
// [FromAuthFiles], [FromNetrc] and [ReadFile] each read one kind of source; [First]
// tries several in turn. [Audience] lists the registries of a run, and which of them
// the user named: a secret without a host goes only to that one.
package credential
