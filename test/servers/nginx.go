package servers

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"text/template"
	"time"
)

// NginxOptions says what nginx serves: either the files under Root or the
// registry at Upstream.
type NginxOptions struct {
	Upstream  string     // host:port of a registry
	Tokens    string     // host:port of its token service, if nginx serves that too
	Root      string     // a directory
	Listen    string     // the address; empty for a free loopback port
	Authority *Authority // speak TLS with a certificate of this authority
	Names     []string   // for these names besides localhost; with Authority
	HTTP2     bool       // offer HTTP/2; with Authority
	Prefix    string     // path of the registry, such as "/prefix"; with Upstream
	Basic     *Account   // ask for these credentials
	OpenPing  bool       // with Basic: /v2/ requires no credentials, the repositories do
}

// Nginx is a running nginx.
type Nginx struct {
	options   NginxOptions
	dir       string
	addr      string
	kept      *Address // nil with NginxOptions.Listen
	process   *process
	forgotten int64 // bytes of the access log that Forget has dropped
}

// StartNginx starts an nginx.
func StartNginx(options NginxOptions) (*Nginx, error) {
	dir, err := temporaryDir("nginx")
	if err != nil {
		return nil, err
	}
	n := &Nginx{options: options, dir: dir}
	if options.Authority != nil {
		if err := options.Authority.issue(dir, options.Names); err != nil {
			return nil, errors.Join(err, n.Stop())
		}
	}
	if options.Basic != nil {
		if err := writeHtpasswd(filepath.Join(dir, "htpasswd"), *options.Basic); err != nil {
			return nil, errors.Join(err, n.Stop())
		}
	}
	if n.addr = options.Listen; n.addr == "" {
		if n.kept, err = KeepAddress(); err != nil {
			return nil, errors.Join(err, n.Stop())
		}
		n.addr = n.kept.Host
	}
	if err := n.start(); err != nil {
		return nil, errors.Join(err, n.Stop())
	}
	return n, nil
}

// start starts the program on n.addr.
func (n *Nginx) start() (err error) {
	var config bytes.Buffer
	if err := nginxConfig.Execute(&config, n); err != nil {
		return err
	}
	path := filepath.Join(n.dir, "nginx.conf")
	if err := os.WriteFile(path, config.Bytes(), 0o644); err != nil {
		return err
	}
	// nginx writes its pid once it listens.
	pid := filepath.Join(n.dir, "nginx.pid")
	_ = os.Remove(pid)
	listening := func() error { _, err := os.Stat(pid); return err }
	n.process, err = startProcess(n.logPath(), listening, "nginx",
		"-p", n.dir, "-e", "stderr", "-c", path)
	return err
}

// nginxConfig is executed with an Nginx. The workers run as root because the
// files they serve belong to it.
var nginxConfig = template.Must(template.New("nginx.conf").Parse(`
{{- define "auth"}}{{if .}}auth_basic "hocker-tests"; auth_basic_user_file htpasswd;{{end}}{{end -}}
daemon off;
user root;
worker_processes 1;
pid nginx.pid;
error_log stderr warn;
events {}
http {
    map $http_authorization $auth_scheme { default ""; "~^(?<auth>[^ ]+)" $auth; }
    log_format requests escape=json '{"method":"$request_method","path":"$request_uri","status":$status,'
        '"agent":"$http_user_agent","auth":"$auth_scheme","range":"$http_range",'
        '"encoding":"$http_accept_encoding","host":"$http_host","remote":"$remote_addr:$remote_port"}';
    access_log access.log requests;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    client_max_body_size 0;
    default_type application/octet-stream;
    server {
        listen {{.Addr}}{{with .Options.Authority}} ssl{{end}}{{if .Options.HTTP2}} http2{{end}};
        {{with .Options.Authority}}ssl_certificate server.pem; ssl_certificate_key server.key;{{end}}
        location = /hocker-tests-mark { return 204; }
        {{- with .Options.Root}}
        location / {
            root {{.}};
            {{template "auth" $.Options.Basic}}
        }
        {{- end}}
        {{- with .Options.Upstream}}
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_buffering off;
        proxy_request_buffering off;
        location {{$.Options.Prefix}}/v2/ {
            proxy_pass http://{{.}}/v2/;
            {{template "auth" $.Options.Basic}}
        }
        {{- with $.Options.Tokens}}
        location = /token { proxy_pass http://{{.}}; }
        {{- end}}
        {{- if $.Options.OpenPing}}
        location = {{$.Options.Prefix}}/v2/ { proxy_pass http://{{.}}/v2/; }
        {{- end}}
        {{- end}}
    }
}
`))

// Options and Addr are what the configuration is made of.
func (n *Nginx) Options() NginxOptions { return n.options }

// Addr is nginx's host:port.
func (n *Nginx) Addr() string { return n.addr }

// Halt stops nginx; connections are refused until Start.
func (n *Nginx) Halt() {
	if n.process != nil {
		n.process.stop()
		n.process = nil
	}
}

// Start starts an nginx that Halt has stopped, at the same address.
func (n *Nginx) Start() error {
	if n.process != nil {
		return errors.New("nginx is running")
	}
	return n.start()
}

// Stop ends nginx.
func (n *Nginx) Stop() error {
	n.Halt()
	n.kept.Close()
	return os.RemoveAll(n.dir)
}

// Log is the end of nginx's error log.
func (n *Nginx) Log() string { return tail(n.logPath()) }

// Requests reads the access log. nginx writes a line after the response has ended,
// possibly after the client has received it. So Requests sends its own request and
// waits for its line.
func (n *Nginx) Requests() ([]Request, error) {
	if n.process != nil {
		if err := n.mark(); err != nil {
			return nil, err
		}
	}
	data, err := n.readAccessLog()
	if err != nil {
		return nil, err
	}
	var requests []Request
	lines := bufio.NewScanner(bytes.NewReader(data[min(n.forgotten, int64(len(data))):]))
	for lines.Scan() {
		var request Request
		if err := json.Unmarshal(lines.Bytes(), &request); err != nil {
			return nil, fmt.Errorf("access log of nginx: %w: %s", err, lines.Bytes())
		}
		if request.Path != markPath {
			requests = append(requests, request)
		}
	}
	return requests, lines.Err()
}

// markPath is requested only by mark.
const markPath = "/hocker-tests-mark"

// mark makes a request, and waits until it is in the access log. There is one
// worker, which writes its lines one after the other.
func (n *Nginx) mark() error {
	marks := func() (int, error) {
		data, err := n.readAccessLog()
		return bytes.Count(data, []byte(markPath)), err
	}
	before, err := marks()
	if err != nil {
		return err
	}
	url := "http://" + n.addr + markPath
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if n.options.Authority != nil {
		url = "https://" + n.addr + markPath
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(n.options.Authority.Certificate())
		client.Transport = &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "localhost"}}
	}
	answer, err := client.Get(url)
	if err != nil {
		return err
	}
	answer.Body.Close()
	for deadline := time.Now().Add(readyTimeout); ; time.Sleep(time.Millisecond) {
		if now, err := marks(); err != nil || now > before {
			return err
		}
		if time.Now().After(deadline) {
			return errors.New("nginx does not log requests")
		}
	}
}

// Forget drops the requests up to now.
func (n *Nginx) Forget() error {
	if n.process != nil {
		if err := n.mark(); err != nil {
			return err
		}
	}
	data, err := n.readAccessLog()
	n.forgotten = int64(len(data))
	return err
}

// readAccessLog reads the complete lines of the access log. A line that crosses a
// page of the file appears in two parts.
func (n *Nginx) readAccessLog() ([]byte, error) {
	data, err := os.ReadFile(n.accessLog())
	return data[:bytes.LastIndexByte(data, '\n')+1], err
}

func (n *Nginx) logPath() string   { return filepath.Join(n.dir, "log") }
func (n *Nginx) accessLog() string { return filepath.Join(n.dir, "access.log") }
