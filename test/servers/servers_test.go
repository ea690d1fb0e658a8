package servers_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hocker/test/servers"
)

var tester = servers.Account{Username: "tester", Password: "p:ss wörd"}

// startRegistry starts a registry that ends with the test.
func startRegistry(t *testing.T, options servers.RegistryOptions) *servers.Registry {
	t.Helper()
	servers.Require(t, "docker-registry")
	registry, err := servers.StartRegistry(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, registry) })
	return registry
}

// stop ends a server and shows its log if the test has failed.
func stop(t *testing.T, server interface {
	Log() string
	Stop() error
}) {
	if t.Failed() {
		t.Log(server.Log())
	}
	if err := server.Stop(); err != nil {
		t.Error(err)
	}
}

// status requests a URL and returns the status and challenge of the answer.
func status(t *testing.T, client *http.Client, url string, account *servers.Account) (int, string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if account != nil {
		request.SetBasicAuth(account.Username, account.Password)
	}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, answer.Header.Get("WWW-Authenticate")
}

func TestAnonymousRegistry(t *testing.T) {
	t.Parallel()
	registry := startRegistry(t, servers.RegistryOptions{})
	url := "http://" + registry.Addr() + "/v2/"
	if got, _ := status(t, http.DefaultClient, url, nil); got != http.StatusOK {
		t.Errorf("status %d, want 200", got)
	}
	requests, err := registry.Requests()
	if err != nil || len(requests) != 1 {
		t.Fatalf("recorded %v, %v; want one request", requests, err)
	}
	want := "GET /v2/ 200 agent=Go-http-client/1.1 auth=- range=- encoding=gzip host=" + registry.Addr()
	if got := requests[0].String(); !strings.HasPrefix(got, want) {
		t.Errorf("recorded %q, want %q…", got, want)
	}
	registry.Halt()
	if answer, err := http.Get(url); err == nil {
		answer.Body.Close()
		t.Error("a stopped registry answers")
	}
	if err := registry.Start(); err != nil {
		t.Fatal(err)
	}
	if got, _ := status(t, http.DefaultClient, url, nil); got != http.StatusOK {
		t.Errorf("status %d after a restart, want 200", got)
	}
}

func TestBasicRegistry(t *testing.T) {
	t.Parallel()
	servers.Require(t, "htpasswd")
	registry := startRegistry(t, servers.RegistryOptions{Basic: &tester})
	url := "http://" + registry.Addr() + "/v2/"
	wrong := &servers.Account{Username: tester.Username, Password: "wrong"}
	for _, c := range []struct {
		name    string
		account *servers.Account
		want    int
	}{
		{name: "no account", account: nil, want: http.StatusUnauthorized},
		{name: "wrong password", account: wrong, want: http.StatusUnauthorized},
		{name: "right password", account: &tester, want: http.StatusOK},
	} {
		got, challenge := status(t, http.DefaultClient, url, c.account)
		if got != c.want {
			t.Errorf("%s: status %d, want %d", c.name, got, c.want)
		}
		if got == http.StatusUnauthorized && challenge != `Basic realm="hocker-tests"` {
			t.Errorf("%s: challenge %q", c.name, challenge)
		}
	}
}

func TestTokenRegistry(t *testing.T) {
	t.Parallel()
	servers.Require(t, "skopeo")
	registry := startRegistry(t, servers.RegistryOptions{Token: &servers.TokenOptions{Account: tester}})
	list := func(credentials string) string {
		t.Helper()
		output, err := exec.Command("skopeo", "--insecure-policy", "list-tags", "--tls-verify=false",
			"--creds", credentials, "docker://"+registry.Addr()+"/demo/app").CombinedOutput()
		if err == nil {
			t.Fatalf("skopeo succeeded for a missing repository:\n%s", output)
		}
		return string(output)
	}
	// With access, skopeo reports that the repository is empty; the text depends on its
	// version.
	nothing := regexp.MustCompile(`404 \(Not Found\)|repository name not known to registry`)
	if got := list(tester.Username + ":" + tester.Password); !nothing.MatchString(got) {
		t.Errorf("with the right password skopeo says %s", got)
	}
	if got := list(tester.Username + ":wrong"); nothing.MatchString(got) {
		t.Errorf("with a wrong password skopeo says %s", got)
	}
	requests, err := registry.Tokens.Requests()
	if err != nil || len(requests) == 0 || requests[0].Auth != "Basic" {
		t.Errorf("the token service recorded %v, %v; want requests with basic auth", requests, err)
	}
}

func TestTokensExpire(t *testing.T) {
	t.Parallel()
	registry := startRegistry(t, servers.RegistryOptions{Token: &servers.TokenOptions{
		Account: tester, Anonymous: true, Uses: 2, Field: "access_token",
	}})
	answer, err := http.Get(registry.Tokens.Realm() + "?scope=repository:demo/app:pull")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(body), `"access_token":"`)
	token, _, found := strings.Cut(rest, `"`)
	if !found || strings.Contains(string(body), `"token"`) {
		t.Fatalf("the token service answers %s", body)
	}
	ask := func() int {
		request, _ := http.NewRequest(http.MethodGet, "http://"+registry.Addr()+"/v2/demo/app/tags/list", nil)
		request.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	for use := range 2 {
		if got := ask(); got != http.StatusNotFound {
			t.Errorf("use %d of a token: status %d, want 404 from an empty registry", use+1, got)
		}
	}
	if got := ask(); got != http.StatusUnauthorized {
		t.Errorf("a used-up token: status %d, want 401", got)
	}
}

func TestNginx(t *testing.T) {
	t.Parallel()
	servers.Require(t, "nginx", "htpasswd", "root")
	registry := startRegistry(t, servers.RegistryOptions{})
	authority, err := servers.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	nginx, err := servers.StartNginx(servers.NginxOptions{
		Upstream: registry.Addr(), Authority: authority, Prefix: "/prefix", Basic: &tester, OpenPing: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, nginx) })
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.Certificate())
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	base := "https://" + nginx.Addr()
	for _, c := range []struct {
		path    string
		account *servers.Account
		want    int
	}{
		{path: "/prefix/v2/", want: http.StatusOK},
		{path: "/prefix/v2/demo/app/tags/list", want: http.StatusUnauthorized},
		{path: "/prefix/v2/demo/app/tags/list", account: &tester, want: http.StatusNotFound},
		{path: "/v2/", want: http.StatusNotFound},
	} {
		if got, _ := status(t, client, base+c.path, c.account); got != c.want {
			t.Errorf("%s: status %d, want %d\n%s", c.path, got, c.want, nginx.Log())
		}
	}
	if _, err := http.Get(base + "/prefix/v2/"); err == nil {
		t.Error("a client without the authority's certificate succeeded, want an error")
	}
	requests, err := nginx.Requests()
	if err != nil || len(requests) < 3 || requests[2].Auth != "Basic" {
		t.Errorf("recorded %v, %v; want basic auth in the third request", requests, err)
	}
}

func TestDocker(t *testing.T) {
	t.Parallel()
	servers.Require(t, "root", "dockerd", "docker")
	docker, err := servers.StartDocker(servers.DockerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, docker) })
	output, err := exec.Command("docker", "--host", docker.Host(), "images", "--quiet").CombinedOutput()
	if err != nil || len(output) != 0 {
		t.Errorf("a new daemon has images %q, %v\n%s", output, err, docker.Log())
	}
}

// TestNixStore builds a fixed-output derivation in the sandbox, over the
// network of this machine's loopback, as our own builder does.
func TestNixStore(t *testing.T) {
	t.Parallel()
	servers.Require(t, "root", "nix-build", "nixbld", "busybox", "docker-registry")
	registry := startRegistry(t, servers.RegistryOptions{})
	busybox, err := servers.Busybox()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	store, err := servers.NewNixStore(filepath.Join(dir, "nix"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "nix/var/nix/db/schema")); err != nil {
		t.Errorf("simultaneous first commands may fail: %v", err)
	}
	expression := `derivation {
	  name = "ping"; system = builtins.currentSystem;
	  builder = "${./bin}/busybox";
	  args = [ "sh" "-c" "test ! -e ` + dir + `/ping.nix && busybox wget -q -O $out http://` + registry.Addr() + `/v2/" ];
	  PATH = ./bin;
	  outputHashMode = "flat"; outputHashAlgo = "sha256";
	  outputHash = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"; # of {}
	}`
	if err := os.WriteFile(filepath.Join(dir, "ping.nix"), []byte(expression), 0o644); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(busybox)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := servers.WriteProgram(filepath.Join(dir, "bin", "busybox"), data); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("nix-build", "--no-out-link", "ping.nix")
	build.Dir = dir
	build.Env = append(os.Environ(), "NIX_PATH=")
	for name, value := range store.Environ() {
		build.Env = append(build.Env, name+"="+value)
	}
	output, err := build.CombinedOutput()
	if err != nil || !strings.Contains(string(output), store.Dir()) {
		t.Errorf("nix-build: %v\n%s", err, output)
	}
}
