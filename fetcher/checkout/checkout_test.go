package checkout

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// repository makes a git repository with the file "a (1)/compose.yaml", and returns its
// commit.
func repository(t *testing.T, root string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(root, "a (1)"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"compose.yaml", "a (1)/compose.yaml"} {
		if err := os.WriteFile(filepath.Join(root, file), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	git(t, root, "init", "--quiet")
	git(t, root, "add", ".")
	git(t, root, "-c", "user.name=me", "-c", "user.email=me@example.com", "commit", "--quiet", "--message", "files")
	return git(t, root, "rev-parse", "HEAD")
}

func git(t *testing.T, root string, args ...string) string {
	t.Helper()
	output, err := exec.Command("git", append([]string{"-C", root}, args...)...).Output()
	if err != nil {
		t.Fatalf("git %v: %v", args, err)
	}
	return strings.TrimSpace(string(output))
}

func TestURL(t *testing.T) {
	folder := t.TempDir()
	root, link := filepath.Join(folder, "root"), filepath.Join(folder, "link")
	commit := repository(t, root)
	repository(t, filepath.Join(root, "other"))
	if err := os.Symlink("root", link); err != nil {
		t.Fatal(err)
	}
	gitHub := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": root, "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "org/repo"}
	with := func(env map[string]string, more ...string) map[string]string {
		all := map[string]string{}
		for name, value := range env {
			all[name] = value
		}
		for n := 0; n < len(more); n += 2 {
			all[more[n]] = more[n+1]
		}
		return all
	}
	for _, test := range []struct {
		name string
		env  map[string]string
		file string // in the root
		want string
	}{
		{"GitHub", gitHub, "compose.yaml", "https://github.com/org/repo/blob/COMMIT/compose.yaml#L12"},
		{"Gitea, Forgejo", with(gitHub, "GITEA_ACTIONS", "true", "GITHUB_SERVER_URL", "http://forge:3000"), "compose.yaml", "http://forge:3000/org/repo/src/commit/COMMIT/compose.yaml#L12"},
		{"GitLab", map[string]string{"CI_PROJECT_DIR": root, "CI_PROJECT_URL": "https://gitlab.com/org/repo"}, "compose.yaml", "https://gitlab.com/org/repo/-/blob/COMMIT/compose.yaml#L12"},
		{"in a folder", gitHub, "a (1)/compose.yaml", "https://github.com/org/repo/blob/COMMIT/a%20%281%29/compose.yaml#L12"},
		{"by a link", with(gitHub, "GITHUB_WORKSPACE", link), "compose.yaml", "https://github.com/org/repo/blob/COMMIT/compose.yaml#L12"},
		{"a password", with(gitHub, "GITHUB_SERVER_URL", "https://user:secret@forge"), "compose.yaml", "https://forge/org/repo/blob/COMMIT/compose.yaml#L12"},
		{"no job", with(gitHub, "GITHUB_ACTIONS", ""), "compose.yaml", ""},
		{"no server", with(gitHub, "GITHUB_SERVER_URL", ""), "compose.yaml", ""},
		{"not a web server", with(gitHub, "GITHUB_SERVER_URL", "javascript:alert(1)//"), "compose.yaml", ""},
		{"no workspace", with(gitHub, "GITHUB_WORKSPACE", ""), "compose.yaml", ""},
		{"another repository", gitHub, "other/compose.yaml", ""},
		{"outside", gitHub, "../compose.yaml", ""},
		{"no file", gitHub, "none", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			if c, ok := Find(func(name string) string { return test.env[name] }); ok {
				got = c.URL(t.Context(), filepath.Join(root, test.file), 12)
			}
			if want := strings.ReplaceAll(test.want, "COMMIT", commit); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// A folder of no repository, git that is missing, and git that runs once for a file.
func TestNoURL(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "compose.yaml")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	url := func(c Checkout) string { return c.URL(t.Context(), file, 1) }
	find := func() Checkout {
		c, ok := Find(func(name string) string {
			return map[string]string{"CI_PROJECT_DIR": root, "CI_PROJECT_URL": "https://gitlab.com/org/repo"}[name]
		})
		if !ok {
			t.Fatal("the checkout was not found")
		}
		return c
	}
	if got := url(find()); got != "" {
		t.Errorf("without a repository: %q", got)
	}
	repository(t, root)
	known := find()
	if got := url(known); got == "" {
		t.Error("no URL in a repository")
	}
	t.Setenv("PATH", t.TempDir())
	if got := url(find()); got != "" {
		t.Errorf("without git: %q", got)
	}
	if got := url(known); got == "" {
		t.Error("git is asked again")
	}
}
