// Package checkout finds where a code hosting service shows the files that one of its
// jobs has checked out.
package checkout

import (
	"context"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"hocker/fetcher/internal/subprocess"
)

// Checkout is the repository that a job of a service has checked out.
type Checkout struct {
	root  string            // its folder
	files *url.URL          // what the commit and the path of a file are appended to
	known map[string]string // the addresses of files, so that git runs once for each
}

// Find returns the checkout that the variables of a job name. It reports false outside of
// jobs.
//
// See the variables of [GitHub], which those of Gitea and Forgejo are named after, and of
// [GitLab].
//
// [GitHub]: https://docs.github.com/en/actions/reference/workflows-and-actions/variables
// [GitLab]: https://docs.gitlab.com/ci/variables/predefined_variables/
func Find(getenv func(string) string) (Checkout, bool) {
	root, repository, files := getenv("CI_PROJECT_DIR"), getenv("CI_PROJECT_URL"), "-/blob"
	if getenv("GITHUB_ACTIONS") == "true" {
		root, repository, files = getenv("GITHUB_WORKSPACE"), getenv("GITHUB_SERVER_URL")+"/"+getenv("GITHUB_REPOSITORY"), "blob"
		if getenv("GITEA_ACTIONS") == "true" { // Forgejo too
			files = "src/commit"
		}
	}
	u, err := url.Parse(repository)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return Checkout{}, false
	}
	u.User = nil // a link is for everyone
	root, err = filepath.EvalSymlinks(root)
	return Checkout{root, u.JoinPath(files), map[string]string{}}, err == nil
}

// URL returns the address of a line of a file in the commit that is checked out. It is
// empty for a file of no repository or of another one.
func (c Checkout) URL(ctx context.Context, file string, line int) string {
	address, ok := c.known[file]
	if !ok {
		address = c.address(ctx, file)
		c.known[file] = address
	}
	if address == "" {
		return ""
	}
	return address + "#L" + strconv.Itoa(line)
}

func (c Checkout) address(ctx context.Context, file string) string {
	file, err := filepath.EvalSymlinks(file)
	if err != nil {
		return ""
	}
	git := subprocess.Command(ctx, syscall.SIGTERM, "git", "-C", filepath.Dir(file), "rev-parse", "--show-toplevel", "--show-prefix", "HEAD")
	output, err := git.Output()
	lines := strings.Split(string(output), "\n")
	if err != nil || len(lines) != 4 || lines[0] != c.root {
		return ""
	}
	prefix, commit := lines[1], lines[2]
	u := *c.files
	u.Path += "/" + commit + "/" + prefix + filepath.Base(file)
	return u.String()
}
