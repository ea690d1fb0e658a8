package lock

import (
	"context"

	"hocker/fetcher/follow"
)

// Outdated returns the newest tag for each of the named images, or "" if none is newer
// than the locked one; and of an image that follows tags, than what an update would lock.
//
// Errors: *[FailuresError]. The tags that were found are returned with it.
func (l *Locker) Outdated(ctx context.Context, f File, names []string) (map[string]string, error) {
	q := newQueue(l.Source, l.Jobs)
	return forEach(ctx, names, func(name string) (string, error) {
		i := f.Images[name]
		if i.Reference.Tag == "" {
			return "", nil
		}
		tags, err := q.Tags(ctx, i.Reference.Repository)
		if err != nil {
			return "", err
		}
		newer := follow.Newer(tags, i.Reference.Tag)
		if newer == "" || i.Follow == "" {
			return newer, nil
		}
		pattern, err := follow.Parse(i.Follow)
		if next := pattern.Newest(tags, i.Reference.Tag); next != "" && !follow.Older(next, newer) {
			return "", err
		}
		return newer, err
	})
}
