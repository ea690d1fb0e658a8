package faults

import (
	"fmt"
	"net/http"
	"time"
)

// quotaWindow is the time after which a quota begins anew.
const quotaWindow = time.Second

func quota(a *active, w http.ResponseWriter, req *http.Request, next http.Handler) {
	if !a.spend(time.Now()) {
		a.refuse(w, http.StatusTooManyRequests)
		return
	}
	next.ServeHTTP(w, req)
}

// spend takes a request from the quota. It reports whether there was one.
func (a *active) spend(now time.Time) bool {
	a.registry.mu.Lock()
	defer a.registry.mu.Unlock()
	if !a.anew.IsZero() && !now.Before(a.anew) {
		a.busy, a.anew = 0, time.Time{}
	}
	if a.busy < a.Max {
		a.busy++
		return true
	}
	if a.anew.IsZero() {
		a.anew = now.Add(quotaWindow)
	}
	return false
}

// pulls counts as Docker Hub does: https://docs.docker.com/docker-hub/usage/pulls/
func pulls(a *active, w http.ResponseWriter, req *http.Request, next http.Handler) {
	a.registry.mu.Lock()
	if req.Method == http.MethodGet {
		a.busy++
	}
	used := a.busy
	a.registry.mu.Unlock()
	w.Header().Set("Ratelimit-Limit", fmt.Sprintf("%d;w=21600", a.Max))
	w.Header().Set("Ratelimit-Remaining", fmt.Sprintf("%d;w=21600", max(a.Max-used, 0)))
	if req.Method == http.MethodGet && used > a.Max {
		fail(w, http.StatusTooManyRequests, "TOOMANYREQUESTS", "You have reached your pull rate limit.")
		return
	}
	next.ServeHTTP(w, req)
}
