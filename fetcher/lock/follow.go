package lock

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"hocker/fetcher/content"
	"hocker/fetcher/follow"
	"hocker/fetcher/reference"
)

// NoTagError reports that none of a repository's tags is one to follow. It matches
// [content.ErrNotFound].
type NoTagError struct {
	Reference reference.Reference // its tag tells the form of the tags
	Follow    string
	Of        int // number of tags
}

func (e *NoTagError) Error() string {
	msg := fmt.Sprintf("none of the %d tags of %s is a version that matches %s", e.Of, e.Reference.Repository.Familiar(), e.Follow)
	if strings.ContainsAny(e.Reference.Tag, "0123456789") {
		msg += " and has the suffix of " + e.Reference.Tag
	}
	return msg
}

// Unwrap returns content.ErrNotFound.
func (e *NoTagError) Unwrap() error { return content.ErrNotFound }

// newest returns the newest tag of the repository of ref that a pattern matches, in the
// form of the tag of ref.
func newest(ctx context.Context, q *queue, ref reference.Reference, text string) (string, error) {
	pattern, err := follow.Parse(text)
	if err != nil {
		return "", err
	}
	tags, err := q.Tags(ctx, ref.Repository)
	if err != nil {
		return "", err
	}
	tag := pattern.Newest(tags, ref.Tag)
	if tag == "" {
		return "", &NoTagError{ref, text, len(tags)}
	}
	return tag, nil
}

// followed returns the reference of an image that is not pinned, with the tag to lock now.
// listed is false if the image keeps a tag that the registry no longer lists.
func (l *Locker) followed(ctx context.Context, q *queue, i Image) (ref reference.Reference, listed bool, err error) {
	ref = i.Reference
	if i.Follow == "" {
		return ref, true, nil
	}
	tag, err := newest(ctx, q, ref, i.Follow)
	switch {
	case err != nil:
		return ref, false, err
	case l.AllowDowngrade || !follow.Older(tag, ref.Tag):
		ref.Tag = tag
		return ref, true, nil
	}
	tags, err := q.Tags(ctx, ref.Repository)
	if err != nil || slices.Contains(tags, ref.Tag) {
		return ref, true, err
	}
	l.notice(fmt.Sprintf("%s stays locked, but the registry no longer lists it: --allow-downgrade takes %s", ref.Familiar(), tag))
	return ref, false, nil
}
