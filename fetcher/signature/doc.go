// Package signature finds out whether a key vouches for an image.
//
// It reads what cosign writes with a key pair: Sigstore bundles, as cosign 3 does, and
// simple signing payloads, as cosign 2 does. [Verifier] finds them in the image's
// repository, and compares them with the user's keys, or with those that a policy names.
//
// A signature by a key says that its owner signed this digest at some time. There is no
// transparency log (Rekor) and no certificate authority (Fulcio) here: nothing says when
// that was, that nobody else has the key, or that the owner would still sign the image.
package signature
