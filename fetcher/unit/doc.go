// Package unit writes systemd units that run images from their root file systems, with no
// engine.
package unit
