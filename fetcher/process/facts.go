package process

import (
	"cmp"
	"strings"
)

// Facts are what has to be known of the files of an image to run it by its config.
type Facts struct {
	// Program is the path of the program that the config names. It is empty if there is
	// none.
	Program string `json:"program"`
	// Passwd and Group are the contents of /etc/passwd and /etc/group.
	Passwd string `json:"passwd"`
	Group  string `json:"group"`
}

// defaultPath is where engines look for programs if the image does not say it.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// SearchPath returns the folders where a program is looked for, with colons in between.
func SearchPath(environ []string) string {
	return cmp.Or(variable(environ, "PATH"), defaultPath)
}

// variable returns the value of a variable in an environment. The last one counts.
func variable(environ []string, name string) (value string) {
	for _, entry := range environ {
		if key, v, _ := strings.Cut(entry, "="); key == name {
			value = v
		}
	}
	return value
}
