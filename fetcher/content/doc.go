// Package content knows what is asked for by its digest: [Verify] lets nothing
// else through, and the errors say what a failed fetch comes down to.
package content
