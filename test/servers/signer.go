package servers

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"time"
)

// registryLeeway is how long docker-registry accepts a token after its exp.
const registryLeeway = 60 * time.Second

// signer signs JSON web tokens for docker-registry's auth.token.
type signer struct {
	key         *ecdsa.PrivateKey
	certificate []byte // DER
	pem         []byte
}

// newSigner makes a key and a self-signed certificate.
func newSigner() (*signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: tokenIssuer},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	block := &pem.Block{Type: "CERTIFICATE", Bytes: der}
	return &signer{key: key, certificate: der, pem: pem.EncodeToMemory(block)}, nil
}

// sign makes a token that the registry accepts for lifetime from now on.
func (s *signer) sign(subject, service string, access []accessEntry, lifetime time.Duration) (string, error) {
	now := time.Now()
	header := map[string]any{
		"typ": "JWT",
		"alg": "ES256",
		"x5c": []string{base64.StdEncoding.EncodeToString(s.certificate)},
	}
	claims := map[string]any{
		"iss":    tokenIssuer,
		"sub":    subject,
		"aud":    service,
		"jti":    rand.Text(),
		"iat":    now.Unix(),
		"nbf":    now.Add(-24 * time.Hour).Unix(),
		"exp":    now.Add(lifetime - registryLeeway).Unix(),
		"access": access,
	}
	head, err := encodePart(header)
	if err != nil {
		return "", err
	}
	body, err := encodePart(claims)
	if err != nil {
		return "", err
	}
	signature, err := s.signature(head + "." + body)
	return head + "." + body + "." + signature, err
}

// signature signs with ES256: two numbers of 32 bytes each.
func (s *signer) signature(text string) (string, error) {
	hash := sha256.Sum256([]byte(text))
	x, y, err := ecdsa.Sign(rand.Reader, s.key, hash[:])
	if err != nil {
		return "", err
	}
	raw := make([]byte, 64)
	x.FillBytes(raw[:32])
	y.FillBytes(raw[32:])
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// encodePart encodes a part of a token as JSON in base64url.
func encodePart(value any) (string, error) {
	data, err := json.Marshal(value)
	return base64.RawURLEncoding.EncodeToString(data), err
}
