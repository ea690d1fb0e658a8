package credential

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"hocker/fetcher/reference"
)

func login(user, pass string) Credential { return Credential{Username: user, Password: pass} }

var (
	portApp  = reference.Repository{Registry: reference.Registry{Scheme: "https", Host: "ghcr.io:8443"}, Path: "org/app"}
	ipv6App  = reference.Repository{Registry: reference.Registry{Scheme: "https", Host: "[2001:db8::1]:5000"}, Path: "org/app"}
	otherApp = reference.Repository{Registry: reference.Registry{Scheme: "https", Host: "other.example"}, Path: "org/app"}
)

var netrcTests = []struct {
	name string
	data string
	want []found
	err  string
}{
	{name: "one line", data: "machine ghcr.io login me password pass", want: []found{{repo: ghcrApp, want: me}, {repo: otherApp}}},
	{
		name: "many lines, comments, CRLF",
		data: "# mine\r\n\r\nmachine ghcr.io\r\n\tlogin me\r\n  # old\r\n\tpassword pass\r\n\taccount x\r\nmachine docker.io login hub password #p\r\n",
		want: []found{{repo: ghcrApp, want: me}, {repo: hubApp, want: login("hub", "#p")}},
	},
	{
		name: "with the port, and without",
		data: "machine ghcr.io login me password pass machine ghcr.io:8443 login port password pass machine 2001:db8::1 login six password pass",
		want: []found{{repo: ghcrApp, want: me}, {repo: portApp, want: login("port", "pass")}, {repo: ipv6App, want: login("six", "pass")}},
	},
	{name: "any port", data: "machine ghcr.io login me password pass", want: []found{{repo: portApp, want: me}}},
	{name: "upper case, Docker Hub's other name", data: "machine GHCR.IO login me password pass machine index.docker.io login hub password pass", want: []found{{repo: ghcrApp, want: me}, {repo: hubApp, want: login("hub", "pass")}}},
	{name: "the first one", data: "machine ghcr.io login me password pass machine ghcr.io login other password pass", want: []found{{repo: ghcrApp, want: me}}},
	{
		name: "quotes, and a password of several lines", data: `machine "ghcr.io" login "m e" password "{\n \"type\": \"\\\"\t}\n"`,
		want: []found{{repo: ghcrApp, want: login("m e", "{\n \"type\": \"\\\"\t}\n")}},
	},
	{
		name: "macros", data: "macdef init\nmachine ghcr.io login no password no\n\nmachine ghcr.io login me password pass\nmacdef last\nbye",
		want: []found{{repo: ghcrApp, want: me}},
	},
	{name: "words for values", data: "machine machine login login password password machine ghcr.io login me password pass", want: []found{{repo: ghcrApp, want: me}}},
	{
		name: "default, for the named registry", data: "machine other.example login me password pass\ndefault login any password pass",
		want: []found{{repo: ghcrApp, want: login("any", "pass")}, {repo: otherApp, want: me}, {repo: hubApp}},
	},
	{name: "without a password", data: "machine ghcr.io login hunter2\ndefault login any", want: []found{{repo: ghcrApp}}},
	{name: "nothing", data: " \n", want: []found{{repo: ghcrApp}}},

	{name: "an unknown word", data: "machine ghcr.io\nlogin me\npasswort hunter2", err: "line 3: expected machine, default, login, password, account or macdef"},
	{name: "a password of two words", data: "machine ghcr.io login me password hunter2 hunter3", err: "line 1: expected machine, default, login, password, account or macdef"},
	{name: "no machine", data: "machine", err: "line 1: missing value after machine"},
	{name: "an empty machine", data: `machine "" login me password hunter2`, err: "line 1: missing value after machine"},
	{name: "no value", data: "machine ghcr.io login me\npassword", err: "line 2: missing value after password"},
	{name: "no machine before", data: "\nlogin me password hunter2", err: "line 2: login comes before the first machine"},
	{name: "an open quote", data: "machine ghcr.io\nlogin \"hunter2\nmachine", err: "line 2: unterminated quote"},
	{name: "an open quote at the end", data: `machine ghcr.io login "hunter2\`, err: "line 1: unterminated quote"},
	{name: "a colon", data: "machine ghcr.io login hunter:2 password x", err: "the entry on line 1: the login contains a colon, which basic authentication does not allow"},
}

func TestNetrc(t *testing.T) {
	for _, tt := range netrcTests {
		t.Run(tt.name, func(t *testing.T) {
			file, err := parseNetrc([]byte(tt.data))
			checkError(t, err, tt.err)
			checkFound(t, file.source("FILE", typedGhcr), tt.want)
		})
	}
}

// The default entry has no host, so only a registry that the user named receives it.
func TestNetrcDefault(t *testing.T) {
	file, err := parseNetrc([]byte("default login me password pass"))
	if err != nil {
		t.Fatal(err)
	}
	checkFound(t, file.source("FILE", readGhcr), []found{{repo: ghcrApp, err: noHost}, {repo: otherApp}})
}

func TestFromNetrc(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, ".netrc")
	var notices []string
	find := FromNetrc(NetrcFile(env{"HOME": dir}.get), typedGhcr, func(line string) { notices = append(notices, line) })
	checkFound(t, find, []found{{repo: ghcrApp}})
	for _, text := range []string{"machine ghcr.io login me password pass\n", "hunter2\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		want := me
		if text == "hunter2\n" {
			want = Credential{}
		}
		checkFound(t, find, []found{{repo: ghcrApp, want: want}})
	}
	want := "warning: ignoring credentials: netrc " + path + ": line 1: expected machine, default, login, password, account or macdef"
	if strings.Join(notices, "\n") != want {
		t.Errorf("notices %q, want %q", notices, want)
	}
	if got := NetrcFile(env{"HOME": dir, "NETRC": "/elsewhere"}.get); got != "/elsewhere" {
		t.Errorf("NETRC: got %s", got)
	}
	checkFound(t, FromNetrc(NetrcFile(env{}.get), typedGhcr, nil), []found{{repo: ghcrApp}})
}

// FuzzNetrc checks that every entry is complete and can be sent, that a netrc
// round-trips, and that errors come with no entries and contain no secret.
func FuzzNetrc(f *testing.F) {
	for _, tt := range netrcTests {
		f.Add(tt.data)
	}
	f.Fuzz(func(t *testing.T, data string) {
		file, err := parseNetrc([]byte(data))
		if err != nil {
			if file != nil || strings.Contains(err.Error(), "hunter") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: got %+v, %v", data, file, err)
			}
			return
		}
		var printed strings.Builder
		for _, e := range file {
			if e.Validate() != nil || e.Username == "" || e.Password == "" || e.Token+e.IdentityToken != "" || e.PlainHTTP {
				t.Errorf("%q: got %+v", data, e)
			}
			if e.machine == "" {
				printed.WriteString("default")
			} else {
				printed.WriteString("machine " + netrcQuote(e.machine))
			}
			printed.WriteString(" login " + netrcQuote(e.Username) + " password " + netrcQuote(e.Password) + "\n")
		}
		again, err := parseNetrc([]byte(printed.String()))
		if err != nil || len(again) != len(file) {
			t.Fatalf("%q prints as %q, which is read as %+v, %v", data, printed.String(), again, err)
		}
		for i, e := range again {
			if e.machine != file[i].machine || e.Credential != file[i].Credential {
				t.Errorf("%q: %+v is read again as %+v", data, file[i], e)
			}
		}
	})
}

// netrcQuote quotes a word.
func netrcQuote(word string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(word) + `"`
}

// Errors name the line of the file.
func TestNetrcLines(t *testing.T) {
	for n := range 5 {
		data := strings.Repeat("machine x login y password \"a\\nb\"\n# hunter2\nmacdef m\nx\n\n", n) + "oops"
		_, err := parseNetrc([]byte(data))
		checkError(t, err, "line "+strconv.Itoa(1+5*n)+": expected machine, default, login, password, account or macdef")
	}
}
