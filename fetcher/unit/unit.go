package unit

import (
	"fmt"
	"strconv"
	"strings"

	"hocker/fetcher/process"
)

// Unit is the unit of an image.
type Unit struct {
	Description string
	RootImage   string // path of the EROFS file
	Process     process.Process
	// Hardening are further settings of the section [Service], as systemd reads them.
	Hardening []Setting
}

// Setting is a line of a unit.
type Setting struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Settings returns the settings of the section [Service]. A key may come several times.
func (u Unit) Settings() ([]Setting, error) {
	p := u.Process
	for _, path := range append([]string{p.Program, p.Cwd}, p.Volumes...) {
		if strings.ContainsFunc(path, isControl) || strings.Contains(path, `\`) || strings.TrimSpace(path) != path {
			return nil, fmt.Errorf("the path %q has a backslash, a control character, or a space at an end, and systemd reads none in a path", path)
		}
	}
	settings := []Setting{
		{"Type", "exec"},
		{"RootImage", specifiers(u.RootImage)},
		{"ExecStart", command(p)},
		{"WorkingDirectory", specifiers(p.Cwd)},
	}
	for _, variable := range p.Env {
		settings = append(settings, Setting{"Environment", quote(variable)})
	}
	settings = append(settings, account(p.User)...)
	if p.StopSignal != "" {
		settings = append(settings, Setting{"KillSignal", p.StopSignal})
	}
	settings = append(settings,
		// As engines do, it tells the first process alone to end.
		Setting{"KillMode", "mixed"},
		Setting{"BindReadOnlyPaths", "-/etc/resolv.conf"},
		Setting{"BindReadOnlyPaths", "-/etc/hosts"},
	)
	if p.User.UID != 0 && p.BindsPrivileged() {
		settings = append(settings, Setting{"AmbientCapabilities", "CAP_NET_BIND_SERVICE"})
	}
	return append(settings, u.Hardening...), nil
}

// Text returns the unit file.
func (u Unit) Text() (string, error) {
	settings, err := u.Settings()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "[Unit]\nDescription=%s\nAfter=network.target\n\n", specifiers(printableLine(u.Description)))
	if len(u.Process.Ports) > 0 {
		fmt.Fprintf(&b, "# It listens on %s.\n", printableLine(strings.Join(u.Process.Ports, ", ")))
	}
	for _, volume := range u.Process.Volumes {
		fmt.Fprintf(&b, "# It keeps data in %s: BindPaths=FOLDER:%[1]s\n", volume)
	}
	b.WriteString("[Service]\n")
	for _, s := range settings {
		fmt.Fprintf(&b, "%s=%s\n", s.Key, s.Value)
	}
	b.WriteString("\n[Install]\nWantedBy=multi-user.target\n")
	return b.String(), nil
}

// Accounts returns a file of sysusers.d. systemd runs processes only as users and groups
// that the machine knows. It is empty if the process is root's.
func (u Unit) Accounts() string {
	user := u.Process.User
	var b strings.Builder
	for _, gid := range append([]uint32{user.GID}, user.Groups...) {
		if gid != 0 {
			fmt.Fprintf(&b, "g hocker-%d %[1]d\n", gid)
		}
	}
	if user.UID != 0 {
		fmt.Fprintf(&b, "u hocker-%d %[1]d:%d\n", user.UID, user.GID)
	}
	return b.String()
}

// account returns the settings for a user. Root's are systemd's own.
func account(user process.User) (settings []Setting) {
	if user.UID == 0 && user.GID == 0 {
		return nil
	}
	settings = []Setting{{"User", number(user.UID)}, {"Group", number(user.GID)}}
	var groups []string
	for _, gid := range user.Groups {
		groups = append(groups, number(gid))
	}
	if groups != nil {
		settings = append(settings, Setting{"SupplementaryGroups", strings.Join(groups, " ")})
	}
	return settings
}

func number(id uint32) string { return strconv.FormatUint(uint64(id), 10) }
