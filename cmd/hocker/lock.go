package main

// lockCmd maintains a lock file.
type lockCmd struct {
	Add      lockAddCmd      `cmd:"" help:"Lock images at the digests that their tags name now."`
	Update   lockUpdateCmd   `cmd:"" help:"Lock images again if their tags have moved."`
	Remove   lockRemoveCmd   `cmd:"" aliases:"rm" help:"Remove images from the lock file."`
	List     lockListCmd     `cmd:"" aliases:"ls" help:"List the images in the lock file."`
	Check    lockCheckCmd    `cmd:"" help:"Check whether tags have moved; exit with 1 if one has."`
	Outdated lockOutdatedCmd `cmd:"" help:"List newer tags that updates do not choose; exit with 1 if there is one."`
}

func (*lockCmd) Help() string {
	return "fetchdockerLock reads the file in Nix. It is made from manifests and configs: no layer is downloaded.\n\n" +
		"Example:\n  hocker lock add debian:bookworm redis:8\n  hocker lock check || hocker lock update"
}
