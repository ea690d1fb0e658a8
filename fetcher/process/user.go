package process

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// User is who runs a process.
type User struct {
	UID    uint32
	GID    uint32
	Groups []uint32 // in addition to GID, sorted
	Home   string
}

// account is a line of /etc/passwd or /etc/group.
type account struct {
	name   string
	id     uint32
	fields []string
}

// accounts parses /etc/passwd or /etc/group. It skips lines that are something else.
func accounts(text string) (all []account) {
	for line := range strings.Lines(text) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) < 3 || fields[0] == "" {
			continue
		}
		if id, ok := parseID(fields[2]); ok {
			all = append(all, account{fields[0], id, fields})
		}
	}
	return all
}

// field returns a field of a line, or "".
func (a account) field(n int) string {
	if n >= len(a.fields) {
		return ""
	}
	return a.fields[n]
}

// parseID parses the number of a user or group. The highest one is for none.
func parseID(text string) (uint32, bool) {
	id, err := strconv.ParseUint(text, 10, 32)
	return uint32(id), err == nil && id != math.MaxUint32
}

// find returns the first account with a name or number.
func find(all []account, nameOrID string) (account, bool) {
	i := slices.IndexFunc(all, func(a account) bool {
		return a.name == nameOrID || strconv.FormatUint(uint64(a.id), 10) == nameOrID
	})
	if i < 0 {
		return account{}, false
	}
	return all[i], true
}

// findUser finds the user that a config names as USER or USER:GROUP, both names or numbers.
// As in engines, a number that the image does not know has group 0, and a user without
// GROUP is in all groups that list him.
func findUser(text string, facts Facts) (User, error) {
	name, group, hasGroup := strings.Cut(text, ":")
	groups := accounts(facts.Group)
	user := User{Home: "/"}
	entry, known := find(accounts(facts.Passwd), cmp.Or(name, "0"))
	if known {
		user.UID, user.Home = entry.id, cmp.Or(entry.field(5), "/")
		user.GID, _ = parseID(entry.field(3))
	} else if id, ok := parseID(cmp.Or(name, "0")); ok {
		user.UID = id
	} else {
		return User{}, fmt.Errorf("the image's config names the user %q, who is not in its /etc/passwd", name)
	}
	if hasGroup && group != "" {
		if a, ok := find(groups, group); ok {
			user.GID = a.id
		} else if id, ok := parseID(group); ok {
			user.GID = id
		} else {
			return User{}, fmt.Errorf("the image's config names the group %q, which is not in its /etc/group", group)
		}
		return user, nil
	}
	for _, a := range groups {
		if known && a.id != user.GID && slices.Contains(strings.Split(a.field(3), ","), entry.name) {
			user.Groups = append(user.Groups, a.id)
		}
	}
	slices.Sort(user.Groups)
	user.Groups = slices.Compact(user.Groups)
	return user, nil
}
