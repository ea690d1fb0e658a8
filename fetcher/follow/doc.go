// Package follow chooses the tag of an image that follows a pattern or a range of
// versions: [Parse] reads what to follow, and [Pattern.Newest] chooses among the tags
// that a registry lists.
//
// Only tags of one form are compared: tags that are equal but for their numbers, such as
// 1.29.3-alpine3.20 and 1.29.4-alpine3.22. An image therefore keeps its suffix.
package follow
