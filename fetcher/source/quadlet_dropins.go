package source

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// maxDropIns limits the files in the folders of a unit's drop-ins.
const maxDropIns = 1000

// readDropIns reads the drop-ins beside a unit, as podman 5 does.
func (r Reader) readDropIns(u *unit) error {
	if u.section == "" {
		return nil
	}
	paths, err := r.dropIns(u.path)
	if err != nil {
		return err
	}
	for _, path := range paths {
		data, err := r.openText(path, place{file: u.path})
		if err != nil {
			return err
		}
		if err := u.read(path, data); err != nil {
			return err
		}
	}
	return nil
}

// dropIns returns the paths of a unit's drop-ins, sorted by their names. Of those with the
// same name, the one in the most specific folder counts.
func (r Reader) dropIns(unit string) ([]string, error) {
	byName := map[string]string{}
	left := maxDropIns
	for _, folder := range dropInFolders(filepath.Base(unit)) {
		folder = filepath.Join(filepath.Dir(unit), folder)
		names, err := r.List(folder, left+1)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, place{file: unit}.errorf("%w", err)
		}
		if left -= len(names); left < 0 {
			return nil, &Error{unit, 0, fmt.Errorf("more than %d files in the folders of its drop-ins", maxDropIns)}
		}
		for _, name := range names {
			if filepath.Ext(name) == ".conf" && byName[name] == "" {
				byName[name] = filepath.Join(folder, name)
			}
		}
	}
	var paths []string
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		paths = append(paths, byName[name])
	}
	return paths, nil
}

// dropInFolders returns the names of the folders with the drop-ins of a unit, the most
// specific one first: for web-app@1.container those are web-app@1.container.d,
// web-app@.container.d, web-@.container.d, web-.container.d and container.d.
func dropInFolders(unit string) []string {
	suffix := filepath.Ext(unit)
	name, instance, isTemplate := strings.Cut(strings.TrimSuffix(unit, suffix), "@")
	folders := []string{unit}
	if instance != "" {
		folders = append(folders, name+"@"+suffix)
	}
	for end := strings.LastIndexByte(name, '-'); end >= 0; end = strings.LastIndexByte(name[:end], '-') {
		if isTemplate {
			folders = append(folders, name[:end+1]+"@"+suffix)
		}
		folders = append(folders, name[:end+1]+suffix)
	}
	folders = append(folders, suffix[1:])
	for i := range folders {
		folders[i] += ".d"
	}
	return folders
}
