package process

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Process is what runs in a container.
type Process struct {
	Program    string   // path of the program
	Args       []string // with the name by which the program is called
	Env        []string // with PATH and HOME
	Cwd        string
	User       User
	StopSignal string   // such as SIGTERM or 37; empty if the image does not say it
	Ports      []string // that it listens on, such as 80/tcp
	Volumes    []string // clean paths of folders that are to be mounted
}

// Of returns what runs in a container of an image.
func Of(config ocispec.ImageConfig, facts Facts) (Process, error) {
	p := Process{
		Program: facts.Program,
		Args:    slices.Concat(config.Entrypoint, config.Cmd),
		Cwd:     path.Join("/", config.WorkingDir),
		Ports:   slices.Sorted(maps.Keys(config.ExposedPorts)),
	}
	for volume := range config.Volumes {
		p.Volumes = append(p.Volumes, path.Join("/", volume))
	}
	slices.Sort(p.Volumes)
	if len(p.Args) == 0 {
		return Process{}, errors.New("the image has no command: its config has neither Entrypoint nor Cmd")
	}
	if p.Program == "" {
		return Process{}, fmt.Errorf("the image has no program %q in %s", p.Args[0], SearchPath(config.Env))
	}
	var err error
	if p.User, err = findUser(config.User, facts); err != nil {
		return Process{}, err
	}
	if p.StopSignal, err = signal(config.StopSignal); err != nil {
		return Process{}, err
	}
	p.Env = environment(config.Env, p.User.Home)
	return p, checkTexts(p)
}

// environment returns the variables of the config, the last one of each name, with PATH and
// HOME. It leaves out what is no variable.
func environment(environ []string, home string) []string {
	all := append([]string{"PATH=" + SearchPath(environ), "HOME=" + home}, environ...)
	last := map[string]int{}
	for i, entry := range all {
		name, _, _ := strings.Cut(entry, "=")
		last[name] = i
	}
	var kept []string
	for i, entry := range all {
		if name, _, ok := strings.Cut(entry, "="); ok && name != "" && last[name] == i {
			kept = append(kept, entry)
		}
	}
	return kept
}

// signalName matches the name of a signal without SIG, such as TERM or RTMIN+3.
var signalName = regexp.MustCompile(`^[A-Z][A-Z0-9]*(?:[+-][0-9]{1,2})?$`)

// signal returns a signal with SIG in front, or as a number.
func signal(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= 64 {
		return strconv.Itoa(n), nil
	}
	name := strings.TrimPrefix(strings.ToUpper(text), "SIG")
	if !signalName.MatchString(name) {
		return "", fmt.Errorf("the image's config has the stop signal %q, expected one such as SIGTERM or 15", text)
	}
	return "SIG" + name, nil
}

// checkTexts refuses zero bytes, which Linux ends a text at.
func checkTexts(p Process) error {
	for _, text := range slices.Concat([]string{p.Cwd}, p.Args, p.Env) {
		if strings.ContainsRune(text, 0) {
			return fmt.Errorf("the image's config has a zero byte in %q", text)
		}
	}
	return nil
}
