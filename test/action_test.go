package test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"hocker/test/servers"
)

// forge is a service with the pull requests of the repository me/images, as GitHub,
// Forgejo and Gitea list and change them.
type forge struct {
	*httptest.Server
	filters bool // by head, as GitHub does; the others list 2 on a page

	mu    sync.Mutex
	pulls []*forgePull
	log   []string // the requests that change something
}

type forgePull struct {
	Number int       `json:"number"`
	State  string    `json:"state"`
	Title  string    `json:"title"`
	Body   string    `json:"body"`
	Head   forgeHead `json:"head"`
	Base   forgeHead `json:"base"`
	URL    string    `json:"html_url"`
}

type forgeHead struct {
	Ref  string     `json:"ref"`
	Repo *forgeRepo `json:"repo"` // nil: a fork that has been deleted
}

type forgeRepo struct {
	FullName string `json:"full_name"`
}

func startForge(t *testing.T, filters bool, pulls ...*forgePull) *forge {
	f := &forge{filters: filters, pulls: pulls}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /repos/me/images/pulls", f.list)
	mux.HandleFunc("POST /repos/me/images/pulls", f.create)
	mux.HandleFunc("PATCH /repos/me/images/pulls/{number}", f.change)
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if r.Header.Get("Authorization") != "token s3cret" {
			http.Error(w, `{"message":"who are you?"}`, http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *forge) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	open := []*forgePull{}
	for _, p := range f.pulls {
		if p.State != query.Get("state") {
			continue
		}
		if f.filters && (p.Head.Repo == nil || query.Get("head") != strings.TrimSuffix(p.Head.Repo.FullName, "/images")+":"+p.Head.Ref) {
			continue
		}
		open = append(open, p)
	}
	page, _ := strconv.Atoi(query.Get("page"))
	const size = 2
	open = open[min(len(open), (page-1)*size):min(len(open), page*size)]
	json.NewEncoder(w).Encode(open)
}

func (f *forge) create(w http.ResponseWriter, r *http.Request) {
	var request struct{ Title, Body, Head, Base string }
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	if request.Title == "forbidden" {
		http.Error(w, `{"message":"not permitted to create pull requests"}`, http.StatusForbidden)
		return
	}
	p := ours(len(f.pulls)+1, "open", request.Head)
	p.Title, p.Body, p.Base.Ref = request.Title, request.Body, request.Base
	f.pulls = append(f.pulls, p)
	f.log = append(f.log, fmt.Sprintf("create %d: %s <- %s", p.Number, p.Base.Ref, p.Head.Ref))
	w.WriteHeader(http.StatusCreated)
	json.NewEncoder(w).Encode(p)
}

func (f *forge) change(w http.ResponseWriter, r *http.Request) {
	for _, p := range f.pulls {
		if strconv.Itoa(p.Number) == r.PathValue("number") {
			var request struct{ Title, Body string }
			decoder := json.NewDecoder(r.Body)
			decoder.DisallowUnknownFields()
			if err := decoder.Decode(&request); err != nil {
				http.Error(w, err.Error(), http.StatusUnprocessableEntity)
				return
			}
			p.Title, p.Body = request.Title, request.Body
			f.log = append(f.log, fmt.Sprintf("change %d", p.Number))
			json.NewEncoder(w).Encode(p)
			return
		}
	}
	http.NotFound(w, r)
}

// ours returns a pull request from a branch of the repository itself.
func ours(number int, state, branch string) *forgePull {
	repository := &forgeRepo{"me/images"}
	return &forgePull{
		Number: number, State: state, URL: fmt.Sprintf("http://forge.example/me/images/pulls/%d", number),
		Head: forgeHead{branch, repository}, Base: forgeHead{"main", repository},
	}
}

// theirs returns an open pull request from a branch of a fork.
func theirs(number int, fork, branch string) *forgePull {
	p := ours(number, "open", branch)
	p.Head.Repo = nil
	if fork != "" {
		p.Head.Repo = &forgeRepo{fork}
	}
	return p
}

// onto returns an open pull request that would be merged into a branch.
func onto(number int, branch string) *forgePull {
	p := ours(number, "open", "hocker/update")
	p.Base.Ref = branch
	return p
}

// pullRequest runs action/pull-request.sh as a runner does.
func (f *forge) pullRequest(t *testing.T, token, title, description string) (string, error) {
	script, err := filepath.Abs("../action/pull-request.sh")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command("sh", script, "hocker/update")
	command.Env = append(os.Environ(), "GITHUB_API_URL="+f.URL, "GITHUB_REPOSITORY=me/images", "GITHUB_REF_NAME=main",
		"TOKEN="+token, "TITLE="+title, "DESCRIPTION="+description, "TMPDIR="+t.TempDir())
	output, err := command.CombinedOutput()
	return string(output), err
}

// TestActionPullRequest opens and changes pull requests by action/pull-request.sh.
func TestActionPullRequest(t *testing.T) {
	servers.Require(t, "curl", "jq")
	tests := []struct {
		name  string
		pulls []*forgePull
		want  string
	}{
		{"first", nil, "create 1: main <- hocker/update"},
		{"open", []*forgePull{ours(1, "open", "hocker/update")}, "change 1"},
		{"closed", []*forgePull{ours(1, "closed", "hocker/update")}, "create 2: main <- hocker/update"},
		{"others", []*forgePull{ours(1, "open", "feature"), onto(2, "stable"), theirs(3, "you/images", "hocker/update"),
			theirs(4, "", "hocker/update")}, "create 5: main <- hocker/update"},
		{"third page", []*forgePull{ours(1, "open", "a"), ours(2, "open", "b"), ours(3, "open", "c"), ours(4, "open", "d"),
			ours(5, "open", "hocker/update")}, "change 5"},
	}
	for _, filters := range []bool{true, false} {
		for _, test := range tests {
			t.Run(fmt.Sprintf("filters=%v/%s", filters, test.name), func(t *testing.T) {
				f := startForge(t, filters, test.pulls...)
				const title, description = `web: 1.29.3 -> 1.29.4 "\`, "| a |\n| \"ü\\_` |\n\nThe end."
				output, err := f.pullRequest(t, "s3cret", title, description)
				if err != nil {
					t.Fatalf("%v: %s", err, output)
				}
				if got := strings.Join(f.log, ", "); got != test.want {
					t.Errorf("%s, want %s", got, test.want)
				}
				for _, p := range f.pulls {
					if strings.TrimSpace(output) == p.URL && (p.Title != title || p.Body != description) {
						t.Errorf("the pull request is %q, %q", p.Title, p.Body)
					}
				}
				if !strings.HasPrefix(output, "http://forge.example/me/images/pulls/") {
					t.Errorf("output %q", output)
				}
			})
		}
	}
}

// TestActionPullRequestFails wants the service's words and an exit code if it refuses.
func TestActionPullRequestFails(t *testing.T) {
	servers.Require(t, "curl", "jq")
	for _, test := range []struct{ token, title, want string }{
		{"wrong", "title", "who are you?"},
		{"s3cret", "forbidden", "not permitted to create pull requests"},
	} {
		f := startForge(t, true)
		output, err := f.pullRequest(t, test.token, test.title, "")
		if err == nil || !strings.Contains(output, test.want) || strings.Contains(output, test.token) {
			t.Errorf("%v: %s, want %s", err, output, test.want)
		}
	}
}

// TestActionRenovate compares action/renovate.json, a preset for Renovate, with the lock
// file: the query must read fields that this has.
func TestActionRenovate(t *testing.T) {
	text, err := os.ReadFile("../action/renovate.json")
	if err != nil {
		t.Fatal(err)
	}
	var preset struct {
		CustomManagers []struct{ MatchStrings []string }
	}
	if err := json.Unmarshal(text, &preset); err != nil {
		t.Fatal(err)
	}
	sources, err := filepath.Glob("../fetcher/lock/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var format strings.Builder
	for _, name := range sources {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		format.Write(source)
	}
	fields := regexp.MustCompile(`\$image\.(\w+)`).FindAllStringSubmatch(preset.CustomManagers[0].MatchStrings[0], -1)
	if len(fields) < 7 {
		t.Errorf("the query reads %q", fields)
	}
	for _, field := range fields {
		if !strings.Contains(format.String(), `json:"`+field[1]) {
			t.Errorf("the lock file has no field %s", field[1])
		}
	}
}
