package process

import (
	"reflect"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

var facts = Facts{
	Program: "/bin/web",
	Passwd: "root:x:0:0:root:/root:/bin/sh\n# a comment\nno line\nweb:x:101:102:a: b:/srv\nhomeless:x:103:104\n" +
		"104:x:200:201::/numbered:\nbig:x:4294967295:0::/:\nunder:x:-1:0::/:\nlast:x:105:106::/last:/bin/sh",
	Group: "root:x:0:\nweb:x:102:web\nmedia:x:300:root,web,other\nvideo:x:250:web\ntwice:x:300:web\nbroken\n",
}

func TestFindUser(t *testing.T) {
	for _, test := range []struct {
		text string
		want User
		err  string
	}{
		{text: "", want: User{Groups: []uint32{300}, Home: "/root"}},
		{text: "root", want: User{Groups: []uint32{300}, Home: "/root"}},
		{text: "web", want: User{UID: 101, GID: 102, Groups: []uint32{250, 300}, Home: " b"}},
		{text: "101", want: User{UID: 101, GID: 102, Groups: []uint32{250, 300}, Home: " b"}},
		{text: "web:video", want: User{UID: 101, GID: 250, Home: " b"}},
		{text: "web:7", want: User{UID: 101, GID: 7, Home: " b"}},
		{text: "web:", want: User{UID: 101, GID: 102, Groups: []uint32{250, 300}, Home: " b"}},
		{text: ":media", want: User{GID: 300, Home: "/root"}},
		{text: "homeless", want: User{UID: 103, GID: 104, Home: "/"}},
		{text: "104", want: User{UID: 200, GID: 201, Home: "/numbered"}}, // a name, first
		{text: "last", want: User{UID: 105, GID: 106, Home: "/last"}},
		{text: "65532", want: User{UID: 65532, Home: "/"}},
		{text: "65532:65533", want: User{UID: 65532, GID: 65533, Home: "/"}},
		{text: "none", err: `the image's config names the user "none", who is not in its /etc/passwd`},
		{text: "big", err: `the image's config names the user "big", who is not in its /etc/passwd`},
		{text: "4294967295", err: `the image's config names the user "4294967295", who is not in its /etc/passwd`},
		{text: "web:none", err: `the image's config names the group "none", which is not in its /etc/group`},
	} {
		got, err := findUser(test.text, facts)
		if message(err) != test.err || err == nil && !reflect.DeepEqual(got, test.want) {
			t.Errorf("%q: %+v, %v, expected %+v, %s", test.text, got, err, test.want, test.err)
		}
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestSignal(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "SIGTERM": "SIGTERM", "quit": "SIGQUIT", "15": "15", "RTMIN+3": "SIGRTMIN+3", "SIGRTMAX-14": "SIGRTMAX-14", "usr1": "SIGUSR1", "064": "64",
	} {
		if got, err := signal(text); got != want || err != nil {
			t.Errorf("%q: %q, %v, expected %q", text, got, err, want)
		}
	}
	for _, text := range []string{"0", "65", "-1", "SIG", "TERM KILL", "TERM\nx", "RTMIN+300"} {
		if got, err := signal(text); err == nil {
			t.Errorf("%q: %q, expected an error", text, got)
		}
	}
}

func TestOf(t *testing.T) {
	config := ocispec.ImageConfig{
		User: "web", Entrypoint: []string{"web"}, Cmd: []string{"", "-x"}, WorkingDir: "a/../b",
		Env:          []string{"A=1", "HOME=/own", "A=2=3", "no variable", "=x", "EMPTY="},
		ExposedPorts: map[string]struct{}{"80/tcp": {}, "443/tcp": {}},
		Volumes:      map[string]struct{}{"data/": {}, "/cache": {}}, StopSignal: "quit",
	}
	got, err := Of(config, facts)
	want := Process{
		Program: "/bin/web", Args: []string{"web", "", "-x"}, Cwd: "/b",
		Env:  []string{"PATH=" + defaultPath, "HOME=/own", "A=2=3", "EMPTY="},
		User: User{UID: 101, GID: 102, Groups: []uint32{250, 300}, Home: " b"}, StopSignal: "SIGQUIT",
		Ports: []string{"443/tcp", "80/tcp"}, Volumes: []string{"/cache", "/data"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v\nexpected %+v", got, err, want)
	}
	for _, test := range []struct {
		config ocispec.ImageConfig
		facts  Facts
		err    string
	}{
		{ocispec.ImageConfig{}, facts, "the image has no command: its config has neither Entrypoint nor Cmd"},
		{ocispec.ImageConfig{Cmd: []string{"x"}, Env: []string{"PATH=/a:/b"}}, Facts{}, `the image has no program "x" in /a:/b`},
		{ocispec.ImageConfig{Cmd: []string{"x", "a\x00b"}}, facts, `the image's config has a zero byte in "a\x00b"`},
		{ocispec.ImageConfig{Cmd: []string{"x"}, User: "none"}, facts, `the image's config names the user "none", who is not in its /etc/passwd`},
		{ocispec.ImageConfig{Cmd: []string{"x"}, StopSignal: "?"}, facts, `the image's config has the stop signal "?", expected one such as SIGTERM or 15`},
	} {
		if _, err := Of(test.config, test.facts); message(err) != test.err {
			t.Errorf("%v, expected %s", err, test.err)
		}
	}
}
