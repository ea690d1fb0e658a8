package faults

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fault describes one way to fail. See the package comment.
type Fault struct {
	Name       string
	Path       string
	Skip       int
	Times      int // 0: always
	Ranged     bool
	After      int64
	Code       int
	RetryAfter string
	To         string
	Max        int64
}

// kind is a handler that answers with the fault, in place of next or by wrapping it.
type kind func(a *active, w http.ResponseWriter, req *http.Request, next http.Handler)

// kinds are the faults by name.
var kinds = map[string]kind{
	"cut":      cut,
	"reset":    reset,
	"truncate": truncate,
	"stall":    stall,
	"hang":     hang,
	"hangup":   hangUp,
	"slow":     slow,
	"garbage":  garbage,
	"busy":     busy,
	"quota":    quota,
	"pulls":    pulls,

	"status":   status,
	"redirect": redirect,
	"loop":     loop,
	"chunked":  chunked,
	"headers":  headers,
	"overrun":  overrun,

	"short":   short,
	"long":    long,
	"endless": endless,
	"corrupt": corrupt,
	"changed": changed,
	"gzip":    compressed,
	"label":   label,

	"no-ranges":    noRanges,
	"false-ranges": falseRanges,
	"other-range":  otherRange,
	"lying-range":  lyingRange,
	"bad-range":    badRange,
	"wrong-size":   wrongSize,
}

// Names returns the names of all faults.
func Names() []string { return slices.Sorted(maps.Keys(kinds)) }

// Parse parses a fault: a name and its parameters.
func Parse(text string) (Fault, error) {
	fields := strings.Fields(text)
	if len(fields) == 0 || kinds[fields[0]] == nil {
		return Fault{}, fmt.Errorf("no fault %q, there are %q", text, Names())
	}
	f := Fault{Name: fields[0], Path: "/blobs/"}
	for _, field := range fields[1:] {
		if err := f.set(field); err != nil {
			return Fault{}, fmt.Errorf("fault %q: %w", text, err)
		}
	}
	return f, nil
}

func (f *Fault) set(field string) (err error) {
	key, value, _ := strings.Cut(field, "=")
	switch key {
	case "path":
		f.Path = value
	case "skip":
		f.Skip, err = strconv.Atoi(value)
	case "times":
		f.Times, err = strconv.Atoi(value)
	case "ranged":
		f.Ranged = true
	case "after":
		f.After, err = strconv.ParseInt(value, 10, 64)
	case "code":
		f.Code, err = strconv.Atoi(value)
	case "retry-after":
		f.RetryAfter = value
	case "to":
		f.To = value
	case "max":
		f.Max, err = strconv.ParseInt(value, 10, 64)
	default:
		err = fmt.Errorf("unknown parameter %q", field)
	}
	return err
}

// active is a fault of a registry, with its counters.
type active struct {
	Fault
	registry *Registry
	seen     int       // requests that match
	busy     int64     // requests being served, or that were counted
	anew     time.Time // when a quota begins anew, or zero
}

// Add adds a fault. The faults see a request in the order in which they were
// added. Add panics if there is no such fault.
func (r *Registry) Add(faults ...string) {
	for _, text := range faults {
		f, err := Parse(text)
		if err != nil {
			panic(err)
		}
		r.mu.Lock()
		r.faults = append(r.faults, &active{Fault: f, registry: r})
		r.mu.Unlock()
	}
}

// Heal removes all faults.
func (r *Registry) Heal() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = nil
}

// spoil wraps next with the faults that apply to a request.
func (r *Registry) spoil(next http.Handler) http.Handler {
	r.mu.Lock()
	faults := slices.Clone(r.faults)
	r.mu.Unlock()
	for _, a := range slices.Backward(faults) {
		right := next
		next = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if a.meets(req) {
				kinds[a.Name](a, w, req, right)
			} else {
				right.ServeHTTP(w, req)
			}
		})
	}
	return next
}

// meets reports whether the fault applies to a request, and counts the request.
func (a *active) meets(req *http.Request) bool {
	if !strings.Contains(req.URL.Path, a.Path) || a.Ranged && req.Header.Get("Range") == "" {
		return false
	}
	a.registry.mu.Lock()
	defer a.registry.mu.Unlock()
	a.seen++
	return a.seen > a.Skip && (a.Times == 0 || a.seen <= a.Skip+a.Times)
}
