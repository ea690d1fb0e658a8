package inspect

// Field is a part of what a config says, by its name in [Image]. The environment and the
// labels, which have names of their own, are not among them.
type Field struct {
	Name   string
	Values []string // empty if the config does not have it
	// IsCommand reports whether the values are the words of one command.
	IsCommand bool
}

// Fields returns the fields of every image, in the same order.
func (i *Image) Fields() []Field {
	return []Field{
		{Name: "platform", Values: one(i.Platform)},
		{Name: "created", Values: one(i.Created)},
		{Name: "author", Values: one(i.Author)},
		{Name: "user", Values: one(i.User)},
		{Name: "workingDirectory", Values: one(i.WorkingDirectory)},
		{Name: "entrypoint", Values: i.Entrypoint, IsCommand: true},
		{Name: "command", Values: i.Command, IsCommand: true},
		{Name: "stopSignal", Values: one(i.StopSignal)},
		{Name: "healthcheck", Values: i.Healthcheck, IsCommand: true},
		{Name: "ports", Values: i.Ports},
		{Name: "volumes", Values: i.Volumes},
	}
}

// one returns the list for a value that is no list.
func one(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}
