// Package servers starts the real servers that the end-to-end tests talk to:
// docker-registry (anonymous, basic or token auth), nginx with TLS under a
// private authority, dockerd, containerd, and a private Nix store.
//
// Every server listens on loopback only, lives in a temporary directory of its
// own, is ready when its Start function returns, and is ended by its Stop
// method. Nothing here touches services that the machine runs by itself.
package servers
