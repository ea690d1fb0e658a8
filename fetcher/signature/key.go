package signature

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/opencontainers/go-digest"
)

// MaxKeyFile is the size of the largest file with keys that is read, in bytes. A key
// takes less than a thousand.
const MaxKeyFile = 64 << 10

// The sizes of RSA keys that are accepted, in bits. cosign makes no RSA keys itself, and
// imports those of 2048 bits and more.
const (
	minRSA = 2048
	maxRSA = 8192
)

// Key is a public key.
type Key struct {
	// Fingerprint is the SHA-256 of the key's SubjectPublicKeyInfo in DER, of which the
	// hint in a bundle is another notation.
	Fingerprint digest.Digest
	// From says where the key was read from, such as a file. It is for messages.
	From   string
	public crypto.PublicKey
}

// ParseKeys reads public keys in PEM, as cosign.pub has one: ECDSA on P-256 or P-384,
// Ed25519, and RSA. Every part of the data must be such a key.
//
// Errors: *[KeyError].
func ParseKeys(from string, data []byte) ([]Key, error) {
	var keys []Key
	for rest := bytes.TrimSpace(data); len(rest) > 0; rest = bytes.TrimSpace(rest) {
		block, after := pem.Decode(rest)
		// Decode passes over what it cannot read.
		read := rest[:len(rest)-len(after)]
		if block == nil || !bytes.HasPrefix(read, pemStart) || bytes.Count(read, pemStart) != 1 {
			return nil, &KeyError{from, "there is something that is not a key in PEM, as cosign.pub has one"}
		}
		rest = after
		key, err := parseKey(block)
		if err != nil {
			return nil, &KeyError{from, err.Error()}
		}
		key.From = from
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, &KeyError{from, "it has no key"}
	}
	return keys, nil
}

// pemStart is how an object in PEM starts.
var pemStart = []byte("-----BEGIN ")

// KeyError reports something that is not a public key.
type KeyError struct {
	From   string // as in Key
	Reason string
}

func (e *KeyError) Error() string { return fmt.Sprintf("key %s: %s", e.From, e.Reason) }

func parseKey(block *pem.Block) (Key, error) {
	switch {
	case strings.Contains(block.Type, "PRIVATE KEY"):
		return Key{}, errors.New("a private key, which only its owner should have: the public one is in cosign.pub")
	case block.Type != "PUBLIC KEY":
		return Key{}, fmt.Errorf("%.40q, expected a PUBLIC KEY", block.Type)
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return Key{}, err
	}
	switch k := public.(type) {
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() && k.Curve != elliptic.P384() {
			return Key{}, fmt.Errorf("ECDSA on %s, expected P-256 or P-384", k.Curve.Params().Name)
		}
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits < minRSA || bits > maxRSA {
			return Key{}, fmt.Errorf("RSA of %d bits, expected %d to %d", bits, minRSA, maxRSA)
		}
	case ed25519.PublicKey:
	default:
		return Key{}, errors.New("expected a key for ECDSA, Ed25519 or RSA")
	}
	return Key{Fingerprint: digest.FromBytes(block.Bytes), public: public}, nil
}

// signed reports whether the key's owner made a signature of message.
func (k Key) signed(message, signature []byte) bool {
	short := sha256.Sum256(message)
	switch public := k.public.(type) {
	case *ecdsa.PublicKey:
		// With P-384, cosign hashes payloads with SHA-256, and bundles with SHA-384.
		long := sha512.Sum384(message)
		return ecdsa.VerifyASN1(public, short[:], signature) ||
			public.Curve == elliptic.P384() && ecdsa.VerifyASN1(public, long[:], signature)
	case ed25519.PublicKey:
		// cosign signs bundles with Ed25519ph, and payloads with Ed25519.
		long := sha512.Sum512(message)
		return ed25519.Verify(public, message, signature) ||
			ed25519.VerifyWithOptions(public, long[:], signature, &ed25519.Options{Hash: crypto.SHA512}) == nil
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, short[:], signature) == nil ||
			rsa.VerifyPSS(public, crypto.SHA256, short[:], signature, nil) == nil
	}
	return false
}

// errOtherKey is returned for a signature that none of the keys made: it is cut, or its
// content was changed, or it is by another key.
var errOtherKey = errors.New("not signed by a given key")

// signer returns the first of the keys whose owner made a signature of message.
func signer(keys []Key, message, signature []byte) (Key, error) {
	for _, k := range keys {
		if k.signed(message, signature) {
			return k, nil
		}
	}
	return Key{}, errOtherKey
}
