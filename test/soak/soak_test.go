// Package soak fetches hundreds of times from a registry that fails at random.
package soak

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"hocker/fetcher"
	"hocker/fetcher/reference"
	"hocker/test/faults"
)

const (
	fetches = 500 // of a round
	lanes   = 8   // fetch at a time
	// silence is how long a client waits for an answer, or for more of it.
	silence = time.Second
	// seedVariable sets the seed, to see a failure again.
	seedVariable = "HOCKER_SEED"
)

// hocker is the program.
var hocker string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	log.SetOutput(io.Discard) // net/http reports what a server sends unasked
	dir, err := os.MkdirTemp("", "hocker-soak-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	hocker = filepath.Join(dir, "hocker")
	build := exec.Command("go", "build", "-buildvcs=false", "-trimpath", "-ldflags=-s -w -funcalign=16", "-o", hocker, "hocker/cmd/hocker")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build hocker/cmd/hocker: %v\n%s", err, output)
		return 1
	}
	return m.Run()
}

// lane is a registry, and what fetches from it, one at a time.
type lane struct {
	server, mirror *faults.Server
	client         *fetcher.Client
	url            string // of the registry
	repo           reference.Repository
	images         []*image
	dir, tmp       string
	roots          string            // a file with the certificate of the server, or empty
	outputs        map[string]string // by run and image, of runs without faults
}

// TestSoak fetches 500 times over registries that fail at random, eight at a time, twice:
// manifests, configs, layers and images, by the library and by the program. Each fetch ends
// with the right content, or with an error of a known kind and nothing at the destination.
// If the faults pass, it is the former. At the end the process has no more goroutines, open
// files and memory than at the start.
func TestSoak(t *testing.T) {
	seed := rand.Uint64()
	if text := os.Getenv(seedVariable); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%s=%d", seedVariable, seed)
	images := []*image{newImage(t, "small", layerSize), newImage(t, "large", largeLayerSize)}
	start := take()
	all := openLanes(t, images)
	count := &tally{counts: map[string]int{}}
	var middle measure
	for round := range 2 {
		var wg sync.WaitGroup
		for n, l := range all {
			wg.Go(func() {
				for i := n; i < fetches; i += lanes {
					l.fetch(t, count, seed, round*fetches+i)
				}
			})
		}
		wg.Wait()
		if round == 0 {
			middle = take()
			continue
		}
		// The client is the same, but connections come and go.
		await(t, measure{middle.goroutines + 500, middle.files + 500, middle.heap}, 8<<20)
	}
	for _, l := range all {
		l.close(t)
	}
	clear(all)
	end := await(t, start, 4<<20)
	runtime.KeepAlive(images)
	t.Logf("at the start: %v, after %d: %v, at the end: %v\n%s", start, fetches, middle, end, count)
}

// openLanes starts the registries: with and without TLS, with and without tokens, which
// expire.
func openLanes(t *testing.T, images []*image) []*lane {
	all := make([]*lane, lanes)
	pool := x509.NewCertPool()
	transport := fetcher.NewTransport(fetcher.TransportOptions{Roots: func() *x509.CertPool { return pool }, AnswerTimeout: silence})
	client := &fetcher.Client{Transport: transport, RangeTransport: transport.Separate(), Stall: silence}
	for n := range all {
		l := &lane{client: client, images: images, dir: t.TempDir(), outputs: map[string]string{}}
		l.tmp = filepath.Join(l.dir, "tmp")
		serve, scheme := faults.Serve, "http"
		if n%2 == 1 {
			serve, scheme = faults.ServeTLS, "https"
		}
		l.server, l.mirror = start(t, serve, images), start(t, faults.Serve, images)
		if n%4 >= 2 {
			l.server.Auth = &faults.Auth{Uses: 20} // more than the connections of a client
		}
		if certificate := l.server.Certificate(); certificate != nil {
			pool.AddCert(certificate)
			l.roots = filepath.Join(l.dir, "roots.pem")
			block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})
			if err := os.WriteFile(l.roots, block, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		l.url = scheme + "://" + l.server.Host()
		registry, err := reference.ParseRegistry(l.url)
		if err != nil {
			t.Fatal(err)
		}
		if l.repo, err = registry.Repository(repository); err != nil {
			t.Fatal(err)
		}
		all[n] = l
	}
	return all
}

func start(t *testing.T, serve func(*faults.Registry) (*faults.Server, error), images []*image) *faults.Server {
	r := faults.New()
	for _, i := range images {
		i.addTo(r)
	}
	s, err := serve(r)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (l *lane) close(t *testing.T) {
	for _, s := range []*faults.Server{l.server, l.mirror} {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// fetch draws faults and fetches.
func (l *lane) fetch(t *testing.T, count *tally, seed uint64, i int) {
	random := rand.New(rand.NewPCG(seed, uint64(i)))
	var f fetch
	if random.IntN(2) == 0 {
		f = l.newRun(random)
	} else {
		f = l.newCall(random)
	}
	if err := f.prepare(); err != nil {
		t.Errorf("%s: %v", f, err)
		return
	}
	d := drawFor(f, random)
	d.inject(l)
	defer l.heal()
	ended, err := f.fetch(d)
	if err != nil {
		t.Errorf("fetch %d, lane %s, %s, with %s:\n%v", i, l.url, f, d, err)
	}
	count.add(ended)
}

// right is how a fetch ends that has the right content.
const right = "right content"

// fetch is a fetch in a lane, by the library or the program.
type fetch interface {
	fmt.Stringer
	// isPatient reports whether it waits long for an answer.
	isPatient() bool
	// hasMirror reports whether it asks the lane's mirror first.
	hasMirror() bool
	// prepare runs before there are faults.
	prepare() error
	// fetch returns how the fetch ended, and what is wrong with it.
	fetch(d draw) (ended string, wrong error)
}

// draw is what was drawn for a fetch.
type draw struct {
	registry, mirror faults.Drawn
	breaks           []int64 // connections, after so many bytes
	passes           bool
	limit            time.Duration
}

// longest is how long a fetch may take on a slow machine.
const longest = 5 * time.Minute

func drawFor(f fetch, random *rand.Rand) draw {
	var d draw
	for {
		d.registry = faults.Draw(random, layerSize, "/v2/", "/manifests/", "/blobs/", "/blobs/", "/token")
		if f.hasMirror() {
			d.mirror = faults.Draw(random, layerSize, "/v2/", "/manifests/", "/blobs/")
		}
		// What holds a fetch for ever in a mirror holds it.
		d.passes = d.registry.Passes && (d.mirror.Passes || !d.mirror.Silent)
		if !f.isPatient() || !d.passes || !d.registry.Silent && !d.mirror.Silent {
			break
		}
	}
	for range max(random.IntN(8)-6, 0) {
		d.breaks = append(d.breaks, random.Int64N(6000))
	}
	// Faults that do not pass are cut short at any time.
	d.limit = 50*time.Millisecond + time.Duration(random.Int64N(int64(500*time.Millisecond)))
	if d.passes {
		d.limit = longest
	}
	return d
}

func (d draw) String() string {
	return fmt.Sprintf("faults %q, of the mirror %q, breaks %v, limit %v", d.registry.Faults, d.mirror.Faults, d.breaks, d.limit)
}

func (d draw) inject(l *lane) {
	l.server.Add(d.registry.Faults...)
	l.mirror.Add(d.mirror.Faults...)
	for _, after := range d.breaks {
		l.server.Break(after)
	}
}

// heal removes all faults, and forgets the requests.
func (l *lane) heal() {
	for _, s := range []*faults.Server{l.server, l.mirror} {
		s.Heal()
		s.Forget()
	}
}

// drawImage returns one of the images.
func (l *lane) drawImage(random *rand.Rand) *image {
	if random.IntN(10) == 0 {
		return l.images[1]
	}
	return l.images[0]
}

// tally counts outcomes.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *tally) add(outcome string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[outcome]++
}

func (c *tally) String() string {
	var b strings.Builder
	for _, outcome := range slices.Sorted(maps.Keys(c.counts)) {
		fmt.Fprintf(&b, "%6d %s\n", c.counts[outcome], outcome)
	}
	return b.String()
}
