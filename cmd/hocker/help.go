package main

// helpCmd only documents itself. helpArgs rewrites calls of it.
type helpCmd struct {
	Command []string `arg:"" optional:"" complete:"command" help:"Command, such as image or lock add (default: hocker itself)."`
}

func (*helpCmd) Help() string {
	return "Example:\n  hocker help lock add"
}

// Run is never called.
func (*helpCmd) Run() error { return nil }

// helpArgs rewrites "help COMMAND" as "COMMAND --help".
func helpArgs(args []string) []string {
	if len(args) == 0 || args[0] != "help" || len(args) == 2 && isHelpFlag(args[1]) {
		return args
	}
	return append(args[1:len(args):len(args)], "--help")
}

func isHelpFlag(arg string) bool { return arg == "--help" || arg == "-h" }
